"""One contract for everything that counts: held whole, read in a stream, and on Spark. Counts are equal bit for bit."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.engine import WHEN, NoNoise, small_schema

from ctdc.cli.main import main
from ctdc.foundation.errors import UserError
from ctdc.privacy import ledger
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.protect import measure_records
from ctdc.privacy.settings import Settings
from ctdc.table import coded
from ctdc.table.coded import CodedTable, table_from_matrix
from ctdc.table.coder import DeclaredCoder
from ctdc.table.counting import Counting, Request
from ctdc.table.declare import parse_declaration, plain_declaration
from ctdc.table.engine import SPARK, Engine
from ctdc.table.passes import PassedRows
from ctdc.table.recode import load_coded
from ctdc.table.spark.counting import counted_on_spark
from ctdc.table.spark.files import SparkFiles
from ctdc.table.spark.session import spark_session
from ctdc.table.stream import streamed
from ctdc.table.tally import tally_of

pytestmark = [pytest.mark.heavy]
HERE = Path(__file__).parent
MASTER = "local[2,3]"  # a task is tried up to three times


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    pytest.importorskip("pyspark")
    with spark_session(Engine(SPARK, MASTER, {"spark.sql.shuffle.partitions": "2"})) as session:
        yield session


def held(path: Path, coder: DeclaredCoder, _: Any) -> Counting:
    return tally_of(load_coded(path, coder.declaration).matrix())


def in_a_stream(path: Path, coder: DeclaredCoder, _: Any) -> PassedRows:
    return streamed(path, coder)


def on_spark(path: Path, coder: DeclaredCoder, session: Any) -> PassedRows:
    return counted_on_spark(SparkFiles(session, path), coder)


ENGINES = [held, in_a_stream, on_spark]
Open = Callable[[Path, Any, Any], Any]


def all_sets(variables: int, length: int) -> tuple[tuple[int, ...], ...]:
    return tuple(itertools.chain.from_iterable(itertools.combinations(range(variables), n) for n in range(length + 1)))


def write(table: CodedTable, path: Path, rows_in_a_group: int = 100) -> Path:
    texts = table.to_arrow()
    texts = texts.cast(pa.schema([(name, pa.string()) for name in texts.column_names]))
    pq.write_table(texts, path, row_group_size=rows_in_a_group)
    return path


@st.composite
def tables(draw: st.DrawFn) -> tuple[CodedTable, int]:
    sizes = tuple(draw(st.lists(st.sampled_from([2, 3, 5, 9, 40, 300]), min_size=1, max_size=5)))
    rows = draw(st.integers(0, 400))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    matrix = np.stack([random.integers(0, draw(st.sampled_from([1, size])), rows) for size in sizes])
    return table_from_matrix(small_schema(sizes), matrix), draw(st.sampled_from([7, 64, 1000]))


def request_for(table: CodedTable, compact: bool) -> Request:
    """All sets of up to three; where asked, those of three by place along their first variable."""
    sizes = table.schema.sizes
    sets = all_sets(len(sizes), 3)
    if not compact:
        return Request(sizes, sets)
    places = {number: (np.arange(size) % 3).astype(np.uint16) for number, size in enumerate(sizes)}
    return Request(sizes, sets, places, {one: one[:1] for one in sets if len(one) == 3})


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(drawn=tables(), compact=st.booleans())
def test_all_count_the_same_bit_for_bit(
    spark: Any, tmp_path_factory: pytest.TempPathFactory, drawn: tuple[CodedTable, int], compact: bool
) -> None:
    table, group = drawn
    path = write(table, tmp_path_factory.mktemp("drawn") / "table.parquet", group)
    request = request_for(table, compact)
    coder = DeclaredCoder(plain_declaration(table.schema))
    found = [open_(path, coder, spark).tables(request) for open_ in ENGINES]
    for attributes in request.sets:
        exact, streamed_, sparked = (tables_of(attributes) for tables_of in found)
        assert exact.dtype == streamed_.dtype == sparked.dtype == np.int64
        assert exact.shape == request.shape(attributes)
        np.testing.assert_array_equal(exact, streamed_)
        np.testing.assert_array_equal(exact, sparked)
        assert int(exact.sum()) == table.rows


SCHEMA = small_schema((3, 2, 4, 40, 9))
REQUEST = Request(SCHEMA.sizes, all_sets(5, 3))


def people(rows: int = 3000, seed: int = 5) -> CodedTable:
    random = np.random.default_rng(seed)
    return table_from_matrix(SCHEMA, np.stack([random.integers(0, size, rows) for size in SCHEMA.sizes]))


def all_of(counting: Counting, request: Request = REQUEST) -> dict[tuple[int, ...], Any]:
    tables_of = counting.tables(request)
    return {one: tables_of(one) for one in request.sets}


def assert_same(one: dict[tuple[int, ...], Any], other: dict[tuple[int, ...], Any]) -> None:
    assert one.keys() == other.keys()
    for attributes, table in one.items():
        np.testing.assert_array_equal(table, other[attributes])


def plain(schema: Any = SCHEMA) -> DeclaredCoder:
    return DeclaredCoder(plain_declaration(schema))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(people(), tmp_path / "people.parquet")


@pytest.mark.parametrize("open_", [in_a_stream, on_spark])
def test_a_folder_of_parts_is_one_table(spark: Any, tmp_path: Path, open_: Open) -> None:
    whole, folder = people(), tmp_path / "people of [2024], {a} 100% & more"
    folder.mkdir()
    for number, (begin, end) in enumerate([(0, 1100), (1100, 1101), (1101, 3000)]):
        part = table_from_matrix(SCHEMA, whole.matrix()[:, begin:end])
        write(part, folder / f"part-{number}.parquet")
    (folder / "_SUCCESS").touch()
    assert_same(all_of(open_(folder, plain(), spark)), all_of(tally_of(whole.matrix())))


@pytest.mark.parametrize("open_", [in_a_stream, on_spark])
def test_a_folder_with_something_else_in_it_is_refused(spark: Any, tmp_path: Path, open_: Open) -> None:
    folder = tmp_path / "people"
    write(people(10), folder.joinpath("year=2024", "part.parquet").parent.mkdir(parents=True) or folder / "a.parquet")
    with pytest.raises(UserError) as error:
        open_(folder, plain(), spark)
    assert error.value.detail.code == "table.parts"


@pytest.mark.parametrize("open_", ENGINES)
def test_a_wrong_value_is_found_in_its_row_and_not_quoted(spark: Any, file: Path, open_: Open) -> None:
    table = pq.read_table(file)
    column = table.column("b").to_pylist()
    column[1736] = "Maria-Secret"
    pq.write_table(table.set_column(1, "b", pa.array(column)), file, row_group_size=200)
    with pytest.raises(UserError) as error:
        open_(file, plain(), spark).tables(REQUEST)
    assert error.value.detail.code == "table.unknown_code"
    assert error.value.detail.where == f"{file}, column 'b', first in row 1737"
    assert "Maria" not in str(error.value)


@pytest.mark.parametrize("open_", [in_a_stream, on_spark])
def test_the_row_of_a_part_is_named_with_the_part(spark: Any, tmp_path: Path, open_: Open) -> None:
    folder = tmp_path / "people"
    folder.mkdir()
    write(people(), folder / "one.parquet")
    bad = pa.table({name: ["nobody's"] for name in SCHEMA.names})
    pq.write_table(bad, folder / "two.parquet")
    with pytest.raises(UserError) as error:
        open_(folder, plain(), spark).tables(REQUEST)
    assert error.value.detail.where == f"{folder}/two.parquet, column 'a', first in row 1"


@pytest.mark.parametrize("open_", [in_a_stream, on_spark])
def test_a_limit_of_rows_is_held_against_the_whole_file(spark: Any, file: Path, open_: Open) -> None:
    document = SCHEMA.to_table_schema() | {"ctdc": {"max_rows": 2999}}
    with pytest.raises(UserError) as error:
        open_(file, DeclaredCoder(parse_declaration(document, "s")), spark).tables(REQUEST)
    assert error.value.detail.code == "table.too_many_rows"


@pytest.mark.parametrize("open_", [in_a_stream, on_spark])
def test_people_who_change_between_two_looks_are_noticed(spark: Any, file: Path, open_: Open) -> None:
    counting = open_(file, plain(), spark)
    counting.prepare(Request(SCHEMA.sizes, all_sets(5, 1)))
    write(people(2999), file)
    with pytest.raises(UserError) as error:
        counting.tables(REQUEST)
    assert error.value.detail.code == "table.changed"


BANDED = {
    "fields": [
        {"name": "age", "type": "integer", "ctdc": {"bands": {"edges": [0, 18, 40, 65], "above": "open"}}},
        {"name": "day", "type": "date", "ctdc": {"bands": {"by": "quarter", "from": "2024-Q1", "to": "2024-Q4"}}},
        {"name": "brought", "constraints": {"enum": ["bicycle", "lamp"]}, "ctdc": {"split": ";"}},
        {"name": "member.of", "constraints": {"enum": ["0", "1"]}, "ctdc": {"zero_is_value": True}},
    ],
    "missingValues": ["", "0"],
    "ctdc": {"columns": ["age", "day", "brought", "member.of"]},
}


def test_bands_lists_dates_and_numbers_are_coded_alike(spark: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    days = np.datetime64("2024-01-01") + random.integers(0, 360, 500)
    table = pa.table(
        {
            "age": pa.array(random.integers(1, 90, 500)),
            "day": pa.array(days.astype("datetime64[D]")),
            "brought": pa.array(random.choice(["lamp", "lamp; bicycle", "", "bicycle"], 500)),
            "member.of": pa.array(random.choice(["0", "1", ""], 500)),
            "note": pa.array(["not chosen"] * 500),
        }
    )
    pq.write_table(table, tmp_path / "visits.parquet", row_group_size=70)
    coder = DeclaredCoder(parse_declaration(BANDED, "page"))
    request = Request(coder.schema.sizes, all_sets(5, 3))
    found = [all_of(open_(tmp_path / "visits.parquet", coder, spark), request) for open_ in ENGINES]
    assert_same(found[0], found[1])
    assert_same(found[0], found[2])


def test_times_are_refused_on_spark_because_it_would_move_them(spark: Any, tmp_path: Path) -> None:
    document = {"fields": [BANDED["fields"][1]]}
    pq.write_table(pa.table({"day": pa.array([WHEN])}), tmp_path / "times.parquet")
    with pytest.raises(UserError) as error:
        on_spark(tmp_path / "times.parquet", DeclaredCoder(parse_declaration(document, "s")), spark)
    assert error.value.detail.code == "spark.type"


def test_a_csv_file_is_read_in_a_stream_and_refused_on_spark(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coded, "PIECE_BYTES", 4096)
    path = tmp_path / "people.csv"
    table = people().to_arrow()
    pa_csv.write_csv(table.cast(pa.schema([(name, pa.string()) for name in table.column_names])), path)
    assert_same(all_of(in_a_stream(path, plain(), spark)), all_of(tally_of(people().matrix())))
    with pytest.raises(UserError) as error:
        on_spark(path, plain(), spark)
    assert error.value.detail.code == "spark.not_parquet"
    assert "--engine memory" in error.value.detail.do


# ---- machines that die


@dataclass(frozen=True)
class Dying(DeclaredCoder):
    """A coder whose process is killed in the middle of its work, at each place as often as there are marks to take."""

    marks: Path

    def code(self, batch: pa.Table, where: str, first_row: int) -> CodedTable:
        if first_row > 1:  # some rows of this task have been counted by now, in vain
            for mark in sorted(self.marks.iterdir()):
                try:
                    mark.unlink()
                except FileNotFoundError:
                    continue
                os.kill(os.getpid(), signal.SIGKILL)
        return super().code(batch, where, first_row)


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


@pytest.fixture
def small_batches(spark: Any) -> Iterator[None]:
    name = "spark.sql.execution.arrow.maxRecordsPerBatch"
    before = spark.conf.get(name)
    spark.conf.set(name, "500")
    yield
    spark.conf.set(name, before)


def measured(load: Callable[[], Any], folder: Path, noise: Any = None) -> Any:
    """What the paid half leaves, and how often it was charged."""
    folder.mkdir()
    chosen = Settings(Guarantee(4, 1e-6), seed=1)
    measure_records(load, SCHEMA, chosen, folder / "measured", folder / "ledger.jsonl", WHEN, noise=noise)
    found = pq.read_table(folder / "measured" / "measurements.parquet").drop_columns([])
    charges = sum(line.event["kind"] == "charge" for line in ledger.read(folder / "ledger.jsonl"))
    return found, charges


@pytest.mark.usefixtures("small_batches")
def test_a_killed_worker_changes_no_count(spark: Any, file: Path, marks: Path) -> None:
    for number in range(2):
        (marks / str(number)).touch()
    found = all_of(on_spark(file, Dying(plain_declaration(SCHEMA), marks), spark))
    assert not list(marks.iterdir()), "nobody was killed"
    assert_same(found, all_of(tally_of(people().matrix())))


@dataclass
class DeathAfterwards(NoNoise):
    """No noise; the first time that it is asked for, which is after the charge, it puts marks for workers to die of."""

    marks: Path
    how_many: int

    def add(self, exact: Any, scale: float, squared_sensitivity: int) -> Any:
        for number in range(self.how_many):
            (self.marks / str(number)).touch()
        self.how_many = 0
        return super().add(exact, scale, squared_sensitivity)


@pytest.mark.usefixtures("small_batches")
def test_a_worker_killed_before_and_after_the_charge_costs_nothing(
    spark: Any, file: Path, tmp_path: Path, marks: Path
) -> None:
    (marks / "early").touch()
    noise = DeathAfterwards(marks, 1)
    coder = Dying(plain_declaration(SCHEMA), marks)
    found, charges = measured(lambda: on_spark(file, coder, spark), tmp_path / "spark", noise)
    expected, _ = measured(people, tmp_path / "memory", NoNoise())
    assert not list(marks.iterdir()), "nobody was killed"
    assert charges == 1
    assert found.equals(expected)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("late", [False, True])
def test_giving_up_is_said_and_the_ledger_tells_the_truth(
    spark: Any, file: Path, tmp_path: Path, marks: Path, late: bool
) -> None:
    """Rows that cannot be counted before the charge cost nothing; a charge that led to nothing stays, as ever."""
    if not late:
        for number in range(40):
            (marks / str(number)).touch()
    noise = DeathAfterwards(marks, 40) if late else NoNoise()
    with pytest.raises(UserError) as error:
        measured(lambda: on_spark(file, Dying(plain_declaration(SCHEMA), marks), spark), tmp_path / "spark", noise)
    assert error.value.detail.code == "spark.failed"
    lines = ledger.read(tmp_path / "spark" / "ledger.jsonl")
    assert [line.event["kind"] for line in lines] == (["charge"] if late else [])
    assert len(ledger.unfinished(lines)) == int(late)
    assert not (tmp_path / "spark" / "measured").exists()


def test_a_killed_executor_changes_no_count_and_is_charged_once(file: Path, tmp_path: Path) -> None:
    """A cluster of two executors, each a process of its own, of which one is killed in the middle of its task."""
    pytest.importorskip("pyspark")
    schema, folder = tmp_path / "schema.json", tmp_path / "cluster"
    folder.mkdir()
    schema.write_text(json.dumps(SCHEMA.to_table_schema()))
    (folder / "mark-1").touch()
    words = [sys.executable, str(HERE / "executor_dies.py"), str(file), str(schema), str(folder)]
    places = os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        words, env={**os.environ, "PYTHONPATH": places}, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert not (folder / "mark-1").exists(), "nobody was killed"
    assert "ExecutorLostFailure" in done.stderr or "Lost executor" in done.stderr
    found = pq.read_table(folder / "measured" / "measurements.parquet")
    expected, _ = measured(people, tmp_path / "memory", NoNoise())
    assert found.equals(expected)
    assert [line.event["kind"] for line in ledger.read(folder / "ledger.jsonl")] == ["charge"]


# ---- Spark that is not there


def said_without(tmp_path: Path, **environment: str) -> dict[str, str]:
    """What 'ctdc protect --engine spark' says in another environment."""
    write(people(20), tmp_path / "people.parquet")
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA.to_table_schema()))
    words = ("protect", "people.parquet", "--schema", "schema.json", "--epsilon", "1", "--out", "safe", "--json")
    done = subprocess.run(
        [sys.executable, "-m", "ctdc.cli.main", *words, "--engine", "spark"],
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert not (tmp_path / "ledger.jsonl").exists()
    assert not (tmp_path / "safe").exists()
    return json.loads(done.stdout)["error"]


def test_without_java_it_is_said_what_is_missing(tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    empty = tmp_path / "empty"
    empty.mkdir()
    for tool in ("bash", "dirname", "env"):
        (empty / tool).symlink_to(shutil.which(tool))
    error = said_without(tmp_path, PATH=str(empty), JAVA_HOME="")
    assert (error["code"], "Java 17" in error["allowed"]) == ("spark.start", True)


def test_without_pyspark_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    shadow = tmp_path / "shadow" / "pyspark"
    shadow.mkdir(parents=True)
    (shadow / "__init__.py").write_text("raise ImportError('not here')")
    error = said_without(tmp_path, PYTHONPATH=os.pathsep.join([str(shadow.parent), os.environ.get("PYTHONPATH", "")]))
    assert error["code"] == "spark.missing"
    assert "ctdc[spark]" in error["do"]
    assert "--engine memory" in error["do"]


def test_an_address_needs_spark_and_settings_of_spark_need_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    for words, code in ((("hdfs://somewhere/people",), 3), (("people.parquet", "--master", "local[1]"), 2)):
        with pytest.raises(SystemExit) as caught:
            main(["protect", *words, "--epsilon", "1", "--out", "safe"])
        assert caught.value.code == code
    assert "--engine spark" in capsys.readouterr().err
