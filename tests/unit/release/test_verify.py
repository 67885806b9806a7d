"""Everything that can be wrong with a release is found, and a good one passes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import hash_file
from ctdc.release.certificate.evidence import Evidence
from ctdc.release.certificate.file import certify
from ctdc.release.checks import DATA_CHECKS
from ctdc.release.manifest import CERTIFICATE, read_manifest
from ctdc.release.protected import read_protected
from ctdc.release.verify import require_verified, verify

pytestmark = pytest.mark.slow  # verifying reads a whole release: some 0.3 s each

FACT = '[{"if": {"gender": ["Man"]}, "then": {"ageBroad": ["48+", ""]}}]'  # of the invented people it is not true


def codes(release: Path) -> set[str]:
    return {problem.code for problem in verify(release).problems}


@pytest.fixture
def copy(release: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(release, tmp_path / release.name))


def test_a_good_release_passes(release):
    report = verify(release)
    assert report.ok, report.problems
    assert len(report.checks) == len(DATA_CHECKS) + 6


def test_a_renamed_copy_passes(copy):
    assert verify(copy.rename(copy.parent / "download")).ok


def test_changed_byte(copy):
    with (copy / "data/aggregates.csv").open("r+b") as stream:
        stream.seek(100)
        byte = stream.read(1)
        stream.seek(100)
        stream.write(bytes([byte[0] ^ 1]))
    assert codes(copy) == {"files.changed"}


def test_missing_extra_and_linked_files(copy):
    (copy / "about/changelog.json").unlink()
    (copy / "extra.txt").write_text("x")
    (copy / "style.css").unlink()
    (copy / "style.css").symlink_to("/etc/hostname")
    assert codes(copy) == {"files.missing", "files.extra", "files.link"}


def test_wrong_id_in_name(copy):
    assert codes(copy.rename(copy.parent / "twin-000000000000")) == {"manifest.folder"}


def test_edited_manifest(copy):
    text = (copy / "manifest.json").read_text().replace('"epsilon": 4.0', '"epsilon": 1.0')
    (copy / "manifest.json").write_text(text)
    found = codes(copy)
    assert {"manifest.id", "manifest.privacy"} <= found


def test_not_a_release(tmp_path):
    with pytest.raises(UserError, match="not a release"):
        verify(tmp_path)


def test_require_verified_says_what_is_wrong(copy):
    (copy / "extra.txt").write_text("x")
    with pytest.raises(Refused, match=r"extra\.txt"):
        require_verified(copy)


def _reseal(release: Path) -> Path:
    """Give a tampered release a manifest and a certificate that fit its files, as a forger would; its new folder."""
    document = json.loads((release / "manifest.json").read_text())
    for entry in document["files"]:
        path = release / entry["path"]
        entry["sha256"], entry["bytes"] = hash_file(path), path.stat().st_size
    (release / "manifest.json").write_text(json.dumps(document))
    _, manifest = read_manifest(release)
    (release / "manifest.json").write_text(manifest.to_json())
    (release / CERTIFICATE).unlink(missing_ok=True)
    certify(release, Evidence(), None)
    return release.rename(release.parent / manifest.folder)


def _change(name: str, edit: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], None]:
    def apply(release: Path) -> None:
        frame = edit(pl.read_parquet(release / f"data/{name}.parquet"))
        frame.write_parquet(release / f"data/{name}.parquet")
        frame.write_csv(release / f"data/{name}.csv")

    return apply


def _first(column: str, value: object, length: int = 2) -> Callable[[Path], None]:
    """Set a column in the first row of that length."""

    def edit(frame: pl.DataFrame) -> pl.DataFrame:
        position = frame["length"].to_list().index(length)
        chosen = pl.int_range(pl.len()) == position
        return frame.with_columns(pl.when(chosen).then(pl.lit(value)).otherwise(pl.col(column)).alias(column))

    return _change("aggregates", edit)


FORGERIES = {
    "synthetic.codes": _change("synthetic", lambda frame: frame.with_columns(gender=pl.lit("Robot"))),
    "synthetic.columns": _change("synthetic", lambda frame: frame.drop("gender")),
    "synthetic.rows": _change("synthetic", lambda frame: pl.concat([frame, frame.head(3)])),
    "aggregates.interval": _first("high95", 1e9),
    "aggregates.numbers": _first("standard_error", 0.0),
    "aggregates.threshold": _first("below_threshold", True),
    "aggregates.total": _first("count", 99.0, length=0),
    "aggregates.length": _first("length", 1),
    "aggregates.repeated": _change("aggregates", lambda frame: pl.concat([frame, frame.tail(1)])),
    "aggregates.incomplete": _change(
        "aggregates", lambda frame: frame.filter(pl.col("attributes") != '{"gender":"Man"}')
    ),
    "aggregates.attributes": _first("attributes", '{"gender":"Robot","ageBroad":"0--8"}'),
    "aggregates.disagree": _change(
        "aggregates",
        lambda frame: frame.with_columns(
            pl.when(pl.col("length") == 2).then(pl.col(name) + 1e6).otherwise(pl.col(name)).alias(name)
            for name in ("count", "low95", "high95")
        ),
    ),
}


@pytest.mark.parametrize("code", FORGERIES)
def test_resealed_forgery_is_found(copy, code):
    FORGERIES[code](copy)
    assert code in codes(_reseal(copy))


@pytest.mark.parametrize(
    "attributes",
    ["not json", '{"ageBroad":"0--8","gender":"Man"}', '{"gender":"Man","extra":"1"}', '{"gender":1}', "[]"],
)
def test_attributes_must_be_canonical(copy, attributes):
    _first("attributes", attributes)(copy)
    assert "aggregates.attributes" in codes(_reseal(copy))


def test_csv_and_parquet_must_agree(copy):
    path = copy / "data/aggregates.csv"
    text = path.read_text().splitlines()
    cells = text[1].rsplit(",", 5)
    text[1] = ",".join([cells[0], "123456.0", *cells[2:]])
    path.write_text("\n".join(text) + "\n")
    synthetic = pl.read_csv(copy / "data/synthetic.csv", infer_schema=False)
    synthetic.reverse().write_csv(copy / "data/synthetic.csv")
    assert {"aggregates.csv_differs", "synthetic.csv_differs"} <= codes(_reseal(copy))


@pytest.mark.parametrize(
    ("path", "old", "new", "code"),
    [
        ("data/figures.json", '"share": 0.', '"share": 0.9', "figures.differ"),
        ("codebook/codebook.json", '"Woman"', '"Queen"', "codebook.schema"),
        ("privacy.json", '"publishable": true', '"publishable": false', "privacy.unpublishable"),
        ("data/schema.json", '"Woman"', '"Women"', "manifest.schema"),
        (
            "data/schema.json",
            '"missingValues"',
            f'"ctdc": {{"implications": {FACT}}}, "missingValues"',
            "synthetic.facts",
        ),
        ("codebook/codebook.json", '"facts_by_definition": []', f'"facts_by_definition": {FACT}', "codebook.facts"),
    ],
)
def test_documents_must_agree_with_the_data(copy, path, old, new, code):
    text = (copy / path).read_text()
    assert old in text
    (copy / path).write_text(text.replace(old, new, 1))
    assert code in codes(_reseal(copy))


def test_clipped_and_spaced_formats_are_accepted(protected, tmp_path):
    """Intervals cut at zero and JSON written with spaces are as good."""
    folder = Path(shutil.copytree(protected, tmp_path / "p"))
    frame = pl.read_parquet(folder / "aggregates.parquet").with_columns(
        pl.col("low95").clip(0),
        pl.col("attributes").str.replace_all('":"', '": "', literal=True).str.replace_all('","', '", "', literal=True),
    )
    frame.write_parquet(folder / "aggregates.parquet")
    frame.write_csv(folder / "aggregates.csv")
    data = read_protected(folder)
    assert not [problem for _, check in DATA_CHECKS for problem in check(data)]
