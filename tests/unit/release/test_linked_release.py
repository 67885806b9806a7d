"""Releases of two linked tables: what is in them, what they say, and what is found when they are tampered with."""

import csv
import html
import io
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from protected_twin import write_protected
from tests.support.linked_release import CREATED, INFO, NAMES, write_households
from tests.unit.release.test_verify import _reseal

from ctdc.cli.main import main
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import hash_tree
from ctdc.release.build import build
from ctdc.release.checks import DATA_CHECKS
from ctdc.release.info import ReleaseInfo, info_from_dict
from ctdc.release.linked import TableNames, read_linked
from ctdc.release.linked_checks import LINKED_CHECKS
from ctdc.release.linked_words import links_section
from ctdc.release.manifest import read_manifest
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.release.verify import verify
from ctdc.release.vocabulary import LinkedWords
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow  # each builds or verifies a release

TABLES = ("households", "household_members", "aggregates", "linked_aggregates", "across_aggregates")


@pytest.fixture(scope="module")
def households(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_households(tmp_path_factory.mktemp("households"))


@pytest.fixture(scope="module")
def linked_release(tmp_path_factory: pytest.TempPathFactory, households: Path) -> Path:
    return build(households, tmp_path_factory.mktemp("linked-store"), INFO, None, CREATED)


@pytest.fixture
def copy(linked_release: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(linked_release, tmp_path / linked_release.name))


def codes(release: Path) -> set[str]:
    return {problem.code for problem in verify(release).problems}


def test_a_good_release_passes_every_check(linked_release):
    report = verify(linked_release)
    assert report.ok, report.problems
    assert len(report.checks) == len(DATA_CHECKS) + len(LINKED_CHECKS) + 6


def test_tables_have_the_names_that_their_publisher_gave_them(linked_release, households):
    data = {path.name for path in (linked_release / "data").iterdir()}
    others = {"measurements.parquet", "schema.json", "linked_schema.json", "figures.json", "datapackage.json"}
    more = {f"{name}.{end}" for name in ("households", "household_members") for end in ("tsv", "xlsx")}
    more |= {f"tables.{language}.{end}" for language in LANGUAGES for end in ("csv", "xlsx")} | {"tables.parquet"}
    assert data == {f"{name}.{end}" for name in TABLES for end in ("csv", "parquet")} | others | more
    for old, new in (("synthetic", "households"), ("linked", "household_members")):
        assert (households / f"{old}.csv").read_bytes() == (linked_release / f"data/{new}.csv").read_bytes()


def test_the_manifest_says_how_tables_are_linked(linked_release):
    _, manifest = read_manifest(linked_release)
    rows = pl.read_csv(linked_release / "data/household_members.csv").height
    assert manifest.linked == {
        "main": "households", "linked": "household_members", "flattened": None,
        "key": "id", "number": "members", "most": 3, "rows": rows,
    }  # fmt: skip
    assert manifest.entry("data/household_members.parquet").rows == rows
    assert manifest.rows == pl.read_csv(linked_release / "data/households.csv").height
    assert manifest.info.as_dict() == INFO.as_dict()
    assert manifest.info.tables == NAMES == info_from_dict(json.loads(json.dumps(INFO.as_dict()))).tables


def test_the_data_package_leads_from_a_member_to_its_household(linked_release):
    package = json.loads((linked_release / "data/datapackage.json").read_text())
    resources = {resource["path"]: resource for resource in package["resources"]}
    assert set(resources) == {f"{name}.csv" for name in TABLES}
    members = resources["household_members.csv"]["schema"]
    reference = {"resource": "households", "fields": ["id"]}
    assert members["foreignKeys"] == [{"fields": ["id"], "reference": reference}]
    assert resources["households.csv"]["schema"]["primaryKey"] == ["id"]
    for path, resource in resources.items():
        header = pl.read_csv(linked_release / "data" / path, n_rows=0).columns
        assert [field["name"] for field in resource["schema"]["fields"]] == header
    assert "not of people" in resources["linked_aggregates.csv"]["description"]


def test_figures_of_linked_rows_follow_from_their_counts(linked_release):
    figures = json.loads((linked_release / "data/figures.json").read_text())
    stated = json.loads((linked_release / "privacy.json").read_text())["linked"]["count"]
    assert figures["linked"]["total"]["count"] == pytest.approx(stated["count"])
    assert [entry["name"] for entry in figures["linked"]["variables"]] == ["age", "works"]
    assert figures["headlines"][-1]["id"] == "linked_rows"


@pytest.mark.parametrize("language", LANGUAGES)
def test_documents_say_what_is_counted_what_was_cut_and_who_is_protected_as_a_group(linked_release, language):
    pages = [linked_release / f"{stem}.{language}.html" for stem in ("about/privacy", "codebook/codebook")]
    privacy, codebook = (html.unescape(page.read_text()) for page in pages)
    assert RELEASE_TEXTS.text(language, "privacy.linked.group", label="household_members") in privacy
    assert RELEASE_TEXTS.text(language, "privacy.unit.linked") in privacy
    assert RELEASE_TEXTS.text(language, "privacy.unit.text") not in privacy
    for key, values in (("definition", {"linked": "household_members.csv"}), ("most", {"most": "3"})):
        assert RELEASE_TEXTS.text(language, f"codebook.number.{key}", **values) in codebook
    for document in (privacy, codebook):
        for name in TABLES:
            assert f"{name}.csv" in document
    assert 'id="linked.age"' in codebook


def test_the_cut_is_told_with_its_errors(linked_release):
    left_out = json.loads((linked_release / "privacy.json").read_text())["linked"]["left_out"]
    text = (linked_release / "about/privacy.en.html").read_text()
    rows = left_out["rows"]
    assert f"number of rows is {rows['count']:.0f} (standard error {rows['standard_error']:.1f})" in text
    assert rows["count"] < 2 * rows["standard_error"], "the share of what could be nothing is not told"
    assert "too few to say" in text
    assert "of all linked rows" not in text


WORDS = LinkedWords("people", "rows", "links", 4, dict.fromkeys(LANGUAGES, "rows"), ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_share_is_told_where_there_is_one(language: str) -> None:
    amount = {"count": 900.0, "standard_error": 70.0}
    left_out = {"people": amount, "rows": amount, "share_of_rows": 0.25, "at_most_counted": 6}
    for rows, there in ((amount, True), ({"count": 100.0, "standard_error": 70.0}, False)):
        section = links_section(language, {"most": 4, "left_out": left_out | {"rows": rows}}, WORDS)
        assert ("25" in section.paragraphs[0]) == there


def test_the_code_book_of_programs_names_the_table_of_each_variable(linked_release):
    text = (linked_release / "codebook/codebook.csv").read_text("utf-8-sig")
    rows = {(row["table"], row["variable"], row["code"]) for row in csv.DictReader(io.StringIO(text))}
    assert ("households", "members", "3+") in rows
    assert ("household_members", "age", "very old") in rows
    assert len(rows) == 3 + 3 + 1 + 3 + 1


def test_same_inputs_give_the_same_bytes(households, linked_release, tmp_path):
    assert hash_tree(build(households, tmp_path, INFO, None, CREATED)) == hash_tree(linked_release)


def test_the_next_release_compares_linked_rows_too(linked_release, tmp_path):
    more = write_households(tmp_path, households=900, seed=5)
    second = build(more, tmp_path / "store", INFO, linked_release, datetime(2026, 4, 1, tzinfo=UTC))
    changes = json.loads((second / "about/changelog.json").read_text())
    rows = next(entry for entry in changes["headlines"] if entry["id"] == "linked_rows")
    assert rows["exceeds_noise"]
    assert "household_members" in (second / "about/changelog.en.html").read_text()


def test_plain_names_where_nobody_gave_any(households, tmp_path):
    release = build(households, tmp_path, ReleaseInfo("census", simulated=True), None, CREATED)
    assert (release / "data/people.csv").is_file()
    assert (release / "data/linked.csv").is_file()
    assert verify(release).ok


@pytest.mark.parametrize(
    "names", [("rows", "rows"), ("aggregates", "members"), ("a/b", "c"), ("Households", "m"), ("", "m")]
)
def test_names_that_cannot_be(names):
    with pytest.raises(UserError) as caught:
        TableNames(*names)
    assert caught.value.detail.code == "release.table_names"


def test_names_of_linked_tables_are_refused_for_one_table(tmp_path):
    with pytest.raises(UserError) as caught:
        build(write_protected(tmp_path / "p", rows=200), tmp_path / "store", INFO, None, CREATED)
    assert caught.value.detail.code == "release.table_names"


def _change(name: str, edit: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], None]:
    def apply(release: Path) -> None:
        frame = edit(pl.read_parquet(release / f"data/{name}.parquet"))
        frame.write_parquet(release / f"data/{name}.parquet")
        frame.write_csv(release / f"data/{name}.csv")

    return apply


def _members(*changes: pl.Expr) -> Callable[[Path], None]:
    return _change("household_members", lambda frame: frame.with_columns(*changes))


def _stated(**changes: object) -> Callable[[Path], None]:
    def apply(release: Path) -> None:
        facts = json.loads((release / "privacy.json").read_text())
        facts["linked"] |= changes
        (release / "privacy.json").write_text(json.dumps(facts))

    return apply


def _json(name: str, edit: Callable[[dict], object]) -> Callable[[Path], None]:
    def apply(release: Path) -> None:
        document = json.loads((release / name).read_text())
        edit(document)
        (release / name).write_text(json.dumps(document))

    return apply


def _raised(where: pl.Expr) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Counts far above the total, with intervals that fit them."""
    numbers = [pl.when(where).then(pl.col(name) + 1e6).otherwise(pl.col(name)) for name in ("count", "low95", "high95")]
    return lambda frame: frame.with_columns(*numbers)


def _named(attributes: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: frame.with_columns(attributes=pl.lit(attributes))


ID, FIRST = pl.col("id"), pl.int_range(pl.len()) == 0
FORGERIES = {
    "linked.ids": _change("households", lambda frame: frame.with_columns(ID.reverse())),
    "linked.orphans": _members(pl.when(FIRST).then(1_000_000).otherwise(ID).alias("id")),
    "linked.number": _members(pl.when(FIRST).then(ID.last()).otherwise(ID).alias("id")),
    "linked.id": _change("household_members", lambda frame: frame.drop("id")),
    "linked.rows": _stated(rows=1),
    "linked.stated": _json("data/linked_schema.json", lambda document: document["ctdc"]["links"].update(most=2)),
    "synthetic.codes": _members(pl.lit("ancient").alias("age")),
    "synthetic.columns": _change("household_members", lambda frame: frame.drop("age")),
    "aggregates.total": _stated(count={"count": 1.0, "standard_error": 1.0}),
    "aggregates.disagree": _change("across_aggregates", _raised(FIRST)),
    "aggregates.repeated": _change("linked_aggregates", _named("{}")),
    "across.one_table": _change("across_aggregates", _named('{"linked.works":"1"}')),
    "linked.left_out": _json("privacy.json", lambda document: document["linked"]["left_out"].update(share_of_rows=0.5)),
    "manifest.linked": _json("codebook/codebook.json", lambda document: document["linked"].update(most=2)),
    "datapackage.differs": _json("data/datapackage.json", lambda document: document["resources"].pop()),
    "codebook.schema": _json("codebook/codebook.json", lambda document: document["linked"]["variables"].pop()),
    "figures.differ": _json("data/figures.json", lambda document: document["linked"]["total"].update(count=0)),
}  # fmt: skip


@pytest.mark.parametrize("code", FORGERIES)
def test_forgeries_are_found_though_their_hashes_fit(copy, code):
    FORGERIES[code](copy)
    assert code in codes(_reseal(copy))


def test_links_that_the_manifest_keeps_quiet_about_are_found(copy):
    """Linked tables cannot be passed off as one table and so escape what is checked between them."""
    for end in ("csv", "parquet", "tsv", "xlsx"):
        (copy / f"data/households.{end}").rename(copy / f"data/synthetic.{end}")
    document = json.loads((copy / "manifest.json").read_text())
    del document["linked"]
    for entry in document["files"]:
        entry["path"] = entry["path"].replace("data/households.", "data/synthetic.")
    (copy / "manifest.json").write_text(json.dumps(document))
    assert codes(_reseal(copy)) == {"manifest.linked"}


def test_the_command_names_the_tables_and_verifies_them(households, tmp_path, capsys):
    def run(*arguments: object) -> int:
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        return int(caught.value.code or 0)

    store = tmp_path / "store"
    options = ("--store", store, "--name", "homes", "--simulated", "--tables", "homes", "inhabitants", "--json")
    assert run("release", "build", households, *options) == 0
    folder = Path(json.loads(capsys.readouterr().out)["folder"])
    assert (folder / "data/inhabitants.csv").is_file()
    assert run("release", "verify", folder) == 0
    assert "every linked row has its person" in capsys.readouterr().out


def test_an_id_that_is_the_same_as_a_number_only_is_no_id(copy):
    _members(pl.concat_str(pl.lit("0"), ID.cast(pl.String)).alias("id"))(copy)
    assert "linked.orphans" in codes(_reseal(copy))


@pytest.mark.parametrize(
    "misstated",
    [{"most": "many"}, {"number": 4}, {"rows": -1}, {"count": {"count": "1"}}, {"left_out": {}}, {"left_out": None}],
)
def test_misstated_links_are_a_finding_and_no_crash(copy, misstated):
    _stated(**misstated)(copy)
    assert codes(_reseal(copy)) == {"release.privacy_incomplete"}


def test_a_csv_that_differs_is_found(copy):
    path = copy / "data/household_members.csv"
    path.write_text(path.read_text().replace("young", "old", 1))
    assert codes(_reseal(copy)) == {"synthetic.csv_differs", "metadata.hash"}


def test_tables_that_do_not_fit_together_are_not_released(households, tmp_path):
    folder = Path(shutil.copytree(households, tmp_path / "p"))
    rows = pl.read_parquet(folder / "linked.parquet").with_columns(id=pl.lit(1))
    rows.write_parquet(folder / "linked.parquet")
    rows.write_csv(folder / "linked.csv")
    with pytest.raises(Refused, match="another number of linked rows"):
        build(folder, tmp_path / "store", INFO, None, CREATED)
    assert not (tmp_path / "store").exists()


def test_a_statement_without_links_is_refused(households, tmp_path):
    folder = Path(shutil.copytree(households, tmp_path / "p"))
    facts = json.loads((folder / "privacy.json").read_text())
    del facts["linked"]
    (folder / "privacy.json").write_text(json.dumps(facts))
    with pytest.raises(UserError) as caught:
        build(folder, tmp_path / "store", INFO, None, CREATED)
    assert caught.value.detail.code == "release.privacy_incomplete"


def test_a_missing_file_is_named(households, tmp_path):
    folder = Path(shutil.copytree(households, tmp_path / "p"))
    (folder / "across_aggregates.csv").unlink()
    with pytest.raises(UserError, match=r"across_aggregates\.csv"):
        build(folder, tmp_path / "store", INFO, None, CREATED)


def test_both_tables_can_be_read_back(linked_release):
    data = read_linked(linked_release / "data", linked_release / "privacy.json", NAMES)
    assert data.people.columns == ["id", "members", "area", "flag"]
    joined = data.rows.join(data.people, on="id", how="left")
    assert joined["members"].null_count() == 0
    assert data.domain.most == 3
