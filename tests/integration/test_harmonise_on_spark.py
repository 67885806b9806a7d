"""``ctdc intake harmonise --engine spark``: the same cases, the same report, the same refusals as on one machine."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from ctdc.cli.main import main
from ctdc.foundation.errors import UserError
from ctdc.foundation.progress import Silent
from ctdc.intake import on_spark
from ctdc.intake.cases import read_metadata
from ctdc.intake.delivery import DeliveryReport, Quarantined
from ctdc.intake.harmonise import harmonise
from ctdc.intake.mapping import Mapping, find_folder, load_mapping
from ctdc.intake.on_spark import harmonise_on_spark, writing
from ctdc.simulate.write import write_deliveries
from ctdc.table.coded import parquet_metadata
from ctdc.table.engine import SPARK, Engine
from ctdc.table.spark import jobs
from ctdc.table.spark.files import SparkFiles
from ctdc.table.spark.jobs import where_shared
from ctdc.table.spark.session import spark_session

pytestmark = pytest.mark.heavy
KEY = bytes(range(32))
SHIPPED = "sim-registo"
ID = "N.º do processo"


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    pytest.importorskip("pyspark")
    with spark_session(Engine(SPARK, "local[2,3]", {"spark.sql.shuffle.partitions": "2"})) as session:
        yield session


@pytest.fixture(scope="module")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> Mapping:
    """The register's, for a delivery in Parquet."""
    folder = tmp_path_factory.mktemp("mapping") / SHIPPED
    shutil.copytree(find_folder(SHIPPED), folder)
    text = (folder / "mapping.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("*registo*.csv", "*registo*"),
        ("format: csv", "format: parquet"),
        ("    encoding: cp1252\n", ""),
        ('    delimiter: ";"\n', ""),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "mapping.yaml").write_text(text, encoding="utf-8")
    return load_mapping(folder)


def delivered(folder: Path, dirt: float, cases: int = 900) -> pa.Table:
    """The register's simulated delivery, every cell as text."""
    made = write_deliveries(folder / "made", cases, 11, dirt, Silent())
    (one,) = [each for each in made.deliveries if each.mapping == SHIPPED]
    path = one.source if one.source.is_file() else next(one.source.glob("*registo*.csv"))
    parsing, reading = pa_csv.ParseOptions(delimiter=";"), pa_csv.ReadOptions(encoding="cp1252")
    names = pa_csv.read_csv(path, read_options=reading, parse_options=parsing).column_names
    options = pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    return pa_csv.read_csv(path, read_options=reading, parse_options=parsing, convert_options=options)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    return delivered(tmp_path_factory.mktemp("clean"), 0.0)


def here(source: Path, mapping: Mapping, out: Path, **options: Any) -> DeliveryReport:
    return harmonise(source, mapping, subject_key=KEY, out=out, progress=Silent(), **options)


def there(spark: Any, source: Path, mapping: Mapping, out: Path, **options: Any) -> DeliveryReport:
    files = SparkFiles(spark, source)
    return harmonise_on_spark(files, mapping, subject_key=KEY, out=out, progress=Silent(), **options)


def texts(path: Path) -> pl.DataFrame:
    """A cases file, or a folder of them, as texts, by file and row."""
    parts = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    frames = [pl.from_arrow(pq.ParquetFile(part).read()).cast(pl.String) for part in parts]
    return pl.concat(frames).sort("_file", pl.col("_row").cast(pl.Int64))


def test_the_cases_the_report_and_the_metadata_are_the_same(
    spark: Any, mapping: Mapping, clean: pa.Table, tmp_path: Path
) -> None:
    source = tmp_path / "registo.parquet"
    pq.write_table(clean, source, row_group_size=150)
    one, other = tmp_path / "here.parquet", tmp_path / "there [1], 100% ready"
    report, spread = here(source, mapping, one), there(spark, source, mapping, other)
    assert spread.as_dict() == report.as_dict()
    assert texts(other).equals(texts(one))
    assert (
        other.with_name(f"{other.name}.coverage.json").read_text()
        == (tmp_path / "here.parquet.coverage.json").read_text()
    )
    for part in other.glob("*.parquet"):
        said = {name.decode(): text.decode() for name, text in parquet_metadata(part).items()}
        assert {name: text for name, text in said.items() if name.startswith("ctdc.")} == read_metadata(one)
    assert other.stat().st_mode & 0o777 == 0o700
    assert all(part.stat().st_mode & 0o077 == 0 for part in other.iterdir())
    assert sorted(path.suffix for path in other.iterdir()) == [".parquet"] * len(list(other.iterdir()))


def test_columns_that_nothing_reads_are_looked_at_whatever_their_type(
    spark: Any, mapping: Mapping, clean: pa.Table, tmp_path: Path
) -> None:
    rows = clean.num_rows
    others = {
        "Observações": [f"person{number}@example.org" if number % 100 == 7 else "" for number in range(rows)],
        "nested": [[{"a": "+44 20 7946 0958"}] if number == rows - 1 else [] for number in range(rows)],
        "when": pa.array([10**15] * rows, pa.timestamp("us")),
        "picture": [b"\xff\xd8"] + [None] * (rows - 1),
        "Nome": ["Maria", "sim"] + [None] * (rows - 2),
        "Nota": [""] * rows,
        "Nota ": ["anna@example.org"] + [""] * (rows - 1),
    }
    table = clean
    for name, cells in others.items():
        table = table.append_column(name, pa.array(cells) if isinstance(cells, list) else cells)
    source = tmp_path / "registo.parquet"
    pq.write_table(table, source, row_group_size=150)
    with pytest.raises(Quarantined) as one:
        here(source, mapping, tmp_path / "here.parquet")
    with pytest.raises(Quarantined) as other:
        there(spark, source, mapping, tmp_path / "there")
    assert other.value.report.as_dict() == one.value.report.as_dict()
    places = {each.column: each.position for each in one.value.report.identifiers}
    assert places["Nota"] == table.num_columns  # the second of that heading
    found = {(each.column, each.kind, each.cells) for each in one.value.report.identifiers}
    emails = sum(number % 100 == 7 for number in range(rows))
    assert found == {
        ("Observações", "email", emails),
        ("nested", "phone", 1),
        ("picture", "not_text", 1),
        ("Nome", "possible_name", 1),
        ("Nota", "email", 1),
    }
    assert not (tmp_path / "there").exists()


def test_a_delivery_in_parts_says_which_part_each_row_is_of(
    spark: Any, mapping: Mapping, clean: pa.Table, tmp_path: Path
) -> None:
    source = tmp_path / "registo"
    source.mkdir()
    whole = tmp_path / "registo.parquet"
    pq.write_table(clean, whole)
    half = clean.num_rows // 2
    pq.write_table(clean.slice(0, half), source / "a.parquet")
    pq.write_table(clean.slice(half), source / "b.parquet")
    here(whole, mapping, tmp_path / "here.parquet")
    report = there(spark, source, mapping, tmp_path / "there")
    one, other = texts(tmp_path / "here.parquet"), texts(tmp_path / "there")
    assert report.rows_written == clean.num_rows
    assert other["_file"].unique().sort().to_list() == ["a.parquet", "b.parquet"]
    assert other.drop("_file", "_row", "_delivery").equals(one.drop("_file", "_row", "_delivery"))
    assert other.filter(pl.col("_file") == "b.parquet")["_row"].head(1).item() == "1"


def test_what_holds_a_delivery_back_is_the_same_and_nothing_is_written(
    spark: Any, mapping: Mapping, tmp_path: Path
) -> None:
    """Unknown values, unreadable dates, repeated ids, one id in two spellings, and an empty one."""
    table = delivered(tmp_path / "dirty", 0.3, 3000)
    ids = table.column(ID).to_pylist()
    ids[5], ids[20], ids[21], ids[30] = ids[3], ids[3], "", ids[7]
    ids[10], ids[11] = "0012345", "12345"
    place = table.schema.get_field_index(ID)
    source = tmp_path / "registo.parquet"
    pq.write_table(table.set_column(place, ID, pa.array(ids)), source, row_group_size=100)
    with pytest.raises(Quarantined) as one:
        here(source, mapping, tmp_path / "here.parquet")
    with pytest.raises(Quarantined) as other:
        there(spark, source, mapping, tmp_path / "there")
    assert other.value.report.blockers == one.value.report.blockers
    assert len(one.value.report.blockers) >= 4
    assert other.value.report.as_dict() == one.value.report.as_dict()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dirty", "registo.parquet"]


def lost(*_: Any) -> Any:
    return lambda batches: iter(())


def test_cases_that_do_not_arrive_are_noticed_and_nothing_is_left(
    spark: Any, mapping: Mapping, clean: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster whose machines share no disk; tasks that hand back too little; a delivery that changes meanwhile."""
    source = tmp_path / "registo.parquet"
    pq.write_table(clean.slice(0, 60), source)

    def changed(*given: Any) -> Any:
        os.utime(source, (1, 1))
        return writing(*given)

    def absent(mark: Path, work: Any) -> Any:
        return where_shared(mark.with_name("absent"), work)

    for code, room, name, instead in (
        ("spark.not_shared", jobs, "where_shared", absent),
        ("spark.rows_lost", on_spark, "writing", lost),
        ("table.changed", on_spark, "writing", changed),
    ):
        with monkeypatch.context() as patch, pytest.raises(UserError) as error:
            patch.setattr(room, name, instead)
            there(spark, source, mapping, tmp_path / "there")
        assert error.value.detail.code == code, error.value
        assert sorted(path.name for path in tmp_path.iterdir()) == ["registo.parquet"]


def test_what_is_not_done_in_parts_is_refused_with_a_way_out(spark: Any, tmp_path: Path) -> None:
    pq.write_table(pa.table({ID: ["1"]}), tmp_path / "registo.parquet")
    for name in (SHIPPED, "sim-alliance"):
        with pytest.raises(UserError) as error:
            there(spark, tmp_path / "registo.parquet", load_mapping(name), tmp_path / "there")
        assert error.value.detail.code == "intake.spark"
        assert "--engine memory" in error.value.detail.do


def test_from_the_command_line_to_protected_counts(
    spark: Any, mapping: Mapping, clean: pa.Table, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Harmonised on Spark, protected on Spark, and what was held back goes no further."""
    pq.write_table(clean, tmp_path / "registo.parquet", row_group_size=150)
    folder = Path(mapping.where).parent if Path(mapping.where).is_file() else Path(mapping.where)

    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main([str(word) for word in words])
        output = capsys.readouterr()
        return int(caught.value.code or 0), output.out, output.err

    engine = ("--engine", "spark", "--master", "local[2,3]")
    source, out = tmp_path / "registo.parquet", tmp_path / "cases"
    code, said, problem = run("intake", "harmonise", source, "--mapping", folder, "--out", out, *engine, "--json")
    assert code == 0, problem
    assert json.loads(said)["rows"] == clean.num_rows
    for name, words in (("spark", engine), ("memory", ())):
        wanted = ("--epsilon", 8, "--length", 2, "--ledger", tmp_path / f"{name}.jsonl", "--out", tmp_path / name)
        code, said, problem = run("protect", out, *wanted, *words, "--json")
        assert code == 0, problem
        statement = json.loads(said)["privacy"]
        assert abs(statement["total"]["count"] - clean.num_rows) < 60, "far more than seven standard deviations"
        assert len((tmp_path / f"{name}.jsonl").read_text().splitlines()) == 2
