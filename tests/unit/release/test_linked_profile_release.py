"""A release in a linked profile: the standard's names and words, and both tables in one row per person."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from protected_twin import write_protected
from tests.support.invented_release import CREATED
from tests.support.linked_profile import PROFILE, write_linked_profile
from tests.unit.release.test_verify import _reseal

from ctdc.foundation.collaborative import CHOSEN
from ctdc.foundation.errors import UserError
from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo
from ctdc.release.verify import verify
from ctdc.standard.languages import LANGUAGES
from ctdc.standard.loader import load
from ctdc.workflow.new_collaborative import make_collaborative

pytestmark = pytest.mark.slow

INFO = ReleaseInfo("pairs", simulated=True, profile=PROFILE)
FLAT = load().profile("victim-perpetrator-2022")


@pytest.fixture(scope="module")
def protected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_linked_profile(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, protected: Path) -> Path:
    return build(protected, tmp_path_factory.mktemp("pairs-store"), INFO, None, CREATED)


@pytest.fixture
def copy(release: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(release, tmp_path / release.name))


def test_it_verifies_and_has_the_profile_s_names(release):
    report = verify(release)
    assert report.ok, report.problems
    for name in ("victims", "perpetrators", "flattened"):
        assert (release / f"data/{name}.csv").is_file()


def test_the_flattened_table_has_the_published_columns_and_codes_and_no_others(release):
    people, flat = (pl.read_csv(release / f"data/{name}.csv", infer_schema=False) for name in ("victims", "flattened"))
    assert tuple(flat.columns) == FLAT.names
    assert flat.height == people.height
    for column in FLAT.columns:
        assert set(flat[column.name].drop_nulls()) <= set(column.codes)
    assert flat["gender"].equals(people["gender"])
    assert flat["IP_Gender"].str.contains(";").any()


def test_cells_that_were_left_empty_are_counted(release):
    left_empty = json.loads((release / "data/figures.json").read_text())["linked"]["flattened_left_empty"]
    people = pl.read_csv(release / "data/victims.csv", infer_schema=False)
    rows = pl.read_csv(release / "data/perpetrators.csv", infer_schema=False)
    flat = pl.read_csv(release / "data/flattened.csv", infer_schema=False)
    known = rows.drop_nulls("IP_ageBroad")["id"].n_unique()
    assert left_empty["IP_ageBroad"] == known - flat["IP_ageBroad"].count() > 0
    assert people.height == flat.height


def test_the_code_book_has_the_standard_s_words(release):
    words = json.loads((release / "codebook/codebook.json").read_text())
    entity = load().entities["perpetrator"]
    assert words["variables"][0]["labels"] == dict(entity.number)
    assert words["linked"]["labels"] == dict(entity.labels)
    assert [entry["name"] for entry in words["linked"]["variables"]] == list(load().profile(PROFILE).linked().names)
    assert [group["id"] for group in words["linked"]["groups"]] == ["perpetrator_role"]
    for language in LANGUAGES:
        text = (release / f"codebook/codebook.{language}.html").read_text()
        assert load().groups["perpetrator_role"].labels[language] in text


def test_roles_have_shares_of_those_with_any_role(release):
    figures = json.loads((release / "data/figures.json").read_text())
    group = figures["linked"]["groups"][0]
    assert group["members"][0]["variable"] == "IP_Exploiter"
    assert group["denominator"]["source"] == "records"
    exploiters = pl.read_csv(release / "data/perpetrators.csv", infer_schema=False)["IP_Exploiter"].count()
    assert group["members"][0]["count"] == pytest.approx(exploiters, rel=0.1)


def _cell(frame: pl.DataFrame) -> pl.DataFrame:
    first = pl.int_range(pl.len()) == 0
    return frame.with_columns(pl.when(first).then(pl.lit("Female;Male")).otherwise("IP_Gender").alias("IP_Gender"))


def test_a_flattened_table_that_does_not_follow_is_found(copy):
    frame = _cell(pl.read_parquet(copy / "data/flattened.parquet"))
    frame.write_parquet(copy / "data/flattened.parquet")
    frame.write_csv(copy / "data/flattened.csv")
    assert {problem.code for problem in verify(_reseal(copy)).problems} == {"flattened.differs", "metadata.hash"}


def test_a_flattened_csv_that_differs_is_found(copy):
    frame = _cell(pl.read_parquet(copy / "data/flattened.parquet"))
    frame.write_csv(copy / "data/flattened.csv")
    assert {problem.code for problem in verify(_reseal(copy)).problems} == {"flattened.csv_differs", "metadata.hash"}


def test_a_code_book_that_hides_the_flattened_shape_is_found(copy):
    path = copy / "codebook/codebook.json"
    document = json.loads(path.read_text())
    document["linked"]["flattened_profile"] = None
    path.write_text(json.dumps(document))
    assert "manifest.linked" in {problem.code for problem in verify(_reseal(copy)).problems}


def _elsewhere(release: Path, folder: Path) -> set[str]:
    """Codes of the problems that a hub of another field, whose language is Arabic, finds in a release."""
    other = make_collaborative(folder / "elsewhere", "example", ["ar", "en"])
    environment = os.environ | {CHOSEN: str(other.folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-m", "ctdc.cli.main", "release", "verify", str(release), "--json"]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return {problem["code"] for check in json.loads(done.stdout)["checks"] for problem in check["problems"]}


def test_it_verifies_where_the_profile_is_not_known_and_another_language_is_the_first(release, tmp_path):
    assert _elsewhere(release, tmp_path) == set()


def test_a_flattened_table_that_says_what_no_row_says_is_found_elsewhere_too(copy, tmp_path):
    frame = _cell(pl.read_parquet(copy / "data/flattened.parquet"))
    frame.write_parquet(copy / "data/flattened.parquet")
    frame.write_csv(copy / "data/flattened.csv")
    assert "flattened.differs" in _elsewhere(_reseal(copy), tmp_path)


def test_wording_of_the_data_package_is_free_and_its_schemas_are_not(copy):
    path = copy / "data/datapackage.json"
    document = json.loads(path.read_text())
    document["title"] = "أزواج"
    document["resources"][0]["description"] = "أشخاص"
    path.write_text(json.dumps(document))
    changed = _reseal(copy)
    assert verify(changed).ok
    path = changed / "data/datapackage.json"
    document["resources"][0]["schema"]["fields"].pop()
    path.write_text(json.dumps(document))
    assert {problem.code for problem in verify(_reseal(changed)).problems} == {"datapackage.differs"}


@pytest.mark.parametrize("profile", ["victim-perpetrator-2022", "synthetic-2024"])
def test_another_profile_is_refused(protected, tmp_path, profile):
    with pytest.raises(UserError) as caught:
        build(protected, tmp_path, ReleaseInfo("pairs", simulated=True, profile=profile), None, CREATED)
    assert caught.value.detail.code == "release.profile_mismatch"


def test_a_linked_profile_is_refused_for_one_table(tmp_path):
    with pytest.raises(UserError) as caught:
        build(write_protected(tmp_path / "p", rows=200), tmp_path / "store", INFO, None, CREATED)
    assert caught.value.detail.code == "release.profile_mismatch"
