"""Building releases: same bytes, never overwritten, nothing that must not be published."""

import csv
import io
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from protected_twin import FLAGS, write_protected

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import hash_file, hash_tree
from ctdc.release.build import build
from ctdc.release.codebook import codebook_csv
from ctdc.release.info import ReleaseInfo
from ctdc.release.manifest import ID_DIGITS, read_manifest
from ctdc.release.protected import read_protected
from ctdc.release.store import list_releases
from ctdc.release.verify import verify
from ctdc.release.vocabulary import vocabulary_of_schema
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow  # a release is built and verified in most of these
CREATED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_same_inputs_give_the_same_bytes(protected, release, info, tmp_path):
    again = build(protected, tmp_path, info, None, CREATED)
    assert again.name == release.name
    assert hash_tree(again) == hash_tree(release)


def test_building_again_returns_the_release_untouched(protected, release, info):
    before = release.stat().st_mtime_ns
    assert build(protected, release.parent, info, None, CREATED) == release
    assert release.stat().st_mtime_ns == before


def test_another_time_is_another_release(protected, release, info, tmp_path):
    later = build(protected, tmp_path, info, None, datetime(2026, 3, 2, tzinfo=UTC))
    assert later.name != release.name


def test_folder_carries_the_id(release):
    claimed, manifest = read_manifest(release)
    assert claimed == manifest.id
    assert release.name == f"twin-{claimed[:ID_DIGITS]}"


def test_data_are_copied_byte_for_byte(protected, release):
    for name in ("synthetic.csv", "aggregates.parquet", "measurements.parquet"):
        assert (release / "data" / name).read_bytes() == (protected / name).read_bytes()


def of_cohorts(folder: Path) -> Path:
    """The folder as if it were the sum of two cohorts, whose measurements are kept in it."""
    facts = json.loads((folder / "privacy.json").read_text())
    (folder / "cohorts").mkdir()
    for name in ("2025", "2026"):
        (folder / "cohorts" / f"{name}.parquet").write_bytes(f"what {name} gave".encode())
    facts["cohorts"] = [
        {"name": name, "measurements_sha256": hash_file(folder / "cohorts" / f"{name}.parquet")}
        for name in ("2025", "2026")
    ]
    (folder / "privacy.json").write_text(json.dumps(facts))
    return folder


def test_a_release_of_cohorts_carries_the_measurements_of_each(protected, tmp_path, info):
    folder = of_cohorts(Path(shutil.copytree(protected, tmp_path / "p")))
    released = build(folder, tmp_path / "store", info, None, CREATED)
    assert verify(released).ok
    for name in ("2025.parquet", "2026.parquet"):
        assert (released / "data" / "cohorts" / name).read_bytes() == (folder / "cohorts" / name).read_bytes()


@pytest.mark.parametrize("damage", ["changed", "gone", "one more"])
def test_cohorts_that_are_not_those_stated_are_refused(protected, tmp_path, info, damage):
    folder = of_cohorts(Path(shutil.copytree(protected, tmp_path / "p")))
    file = folder / "cohorts" / "2025.parquet"
    if damage == "gone":
        file.unlink()
    else:
        (file if damage == "changed" else file.with_name("2024.parquet")).write_bytes(b"other people")
    with pytest.raises(UserError) as caught:
        build(folder, tmp_path / "store", info, None, CREATED)
    assert caught.value.detail.code == "release.cohorts"


@pytest.mark.parametrize("publishable", [False, None, "yes", 1])
def test_unpublishable_output_is_refused(protected, tmp_path, info, publishable):
    folder = Path(shutil.copytree(protected, tmp_path / "p"))
    facts = json.loads((folder / "privacy.json").read_text())
    (folder / "privacy.json").write_text(json.dumps(facts | {"publishable": publishable}))
    with pytest.raises(Refused, match="not to be published"):
        build(folder, tmp_path / "store", info, None, CREATED)
    assert not (tmp_path / "store").exists()


def test_unsound_data_are_refused(protected, tmp_path, info):
    folder = Path(shutil.copytree(protected, tmp_path / "p"))
    short = pl.read_parquet(folder / "synthetic.parquet").head(10)
    short.write_parquet(folder / "synthetic.parquet")
    short.write_csv(folder / "synthetic.csv")
    with pytest.raises(Refused, match="10 records"):
        build(folder, tmp_path / "store", info, None, CREATED)


def test_missing_file_is_named(protected, tmp_path, info):
    folder = Path(shutil.copytree(protected, tmp_path / "p"))
    (folder / "measurements.parquet").unlink()
    with pytest.raises(UserError, match=r"measurements\.parquet"):
        build(folder, tmp_path / "store", info, None, CREATED)


def test_wrong_profile_is_refused(protected, tmp_path):
    wrong = ReleaseInfo("twin", simulated=True, profile="synthetic-2021")
    with pytest.raises(UserError, match="profile"):
        build(protected, tmp_path, wrong, None, CREATED)


def test_table_of_another_field_gets_a_codebook_from_its_schema(protected, tmp_path):
    release = build(protected, tmp_path, ReleaseInfo("other", simulated=False), None, CREATED)
    words = json.loads((release / "codebook/codebook.json").read_text())
    assert words["profile"] is None
    assert {variable["labels"]["ar"] for variable in words["variables"]} >= set(FLAGS)


def test_documents_exist_in_all_languages(release):
    for language in LANGUAGES:
        for name in ("codebook/codebook", "about/privacy", "about/changelog"):
            text = (release / f"{name}.{language}.html").read_text()
            assert f'lang="{language}"' in text
            assert ('dir="rtl"' in text) == True if language == "ar" else True  # noqa: E712
        assert (release / f"about/citation.{language}.txt").read_text().strip()


def test_simulated_data_say_so_in_every_document(release):
    assert "do not exist" in (release / "about/privacy.en.html").read_text()
    assert "Simulated" in (release / "about/citation.en.txt").read_text()


def test_changelog_tells_differences_from_noise(protected, release, info, tmp_path):
    """The same people again: no difference at all. Twice as many: far beyond the noise."""
    more = write_protected(tmp_path / "p", rows=3000, seed=9)
    second = build(more, tmp_path / "store", info, release, datetime(2026, 4, 1, tzinfo=UTC))
    changes = json.loads((second / "about/changelog.json").read_text())
    victims = next(entry for entry in changes["headlines"] if entry["id"] == "victims")
    assert victims["exceeds_noise"] is True
    assert victims["difference"] == pytest.approx(1500, abs=20)
    assert changes["previous"]["folder"] == release.name
    third = build(protected, tmp_path / "store", info, release, datetime(2026, 4, 2, tzinfo=UTC))
    same = json.loads((third / "about/changelog.json").read_text())["headlines"]
    assert all(not entry["exceeds_noise"] for entry in same)
    assert [folder for folder, _ in list_releases(tmp_path / "store")] == [second, third]


def test_codebook_csv_holds_no_formula(tmp_path):
    folder = write_protected(tmp_path / "p", rows=200, length=1)
    schema = json.loads((folder / "schema.json").read_text())
    schema["fields"][0]["title"] = '=HYPERLINK("http://x")'
    vocabulary = vocabulary_of_schema(read_protected(folder).schema, schema)
    rows = list(csv.DictReader(io.StringIO(codebook_csv(vocabulary).removeprefix("\ufeff"))))
    assert rows[0]["variable_label_en"].startswith("'=")
    assert rows[0]["variable"] == "yearOfRegistration"


@pytest.mark.parametrize("name", ["", "Ünsafe", "../up", "two--hyphens", "x" * 61])
def test_bad_names_are_refused(name):
    with pytest.raises(UserError, match="name of a release"):
        ReleaseInfo(name, simulated=True)
