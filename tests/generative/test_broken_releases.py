"""A release or a ledger that is damaged anywhere: every command that reads it says so, and none falls over it."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.support.hostile import changed, ctdc, files

import ctdc as package
from ctdc.foundation.errors import UserError
from ctdc.privacy import ledger
from ctdc.release.verify import verify

pytestmark = pytest.mark.slow
QUICK = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A folder with cases, what protecting them made, its ledger, and a release of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cases.csv").write_text("a,b\n" + "x,u\ny,v\nx,\n,u\n" * 40)
        fields = [
            {"name": "a", "constraints": {"enum": ["x", "y"]}},
            {"name": "b", "constraints": {"enum": ["u", "v"]}},
        ]
        (folder / "schema.json").write_text(json.dumps({"fields": fields}))
        protect = ("protect", "cases.csv", "--schema=schema.json", "--epsilon=4", "--out=safe", "--length=2")
        assert ctdc(folder, *protect).code == 0
        said = ctdc(folder, "release", "build", "safe", "--store", "store", "--name=small", "--simulated")
        assert said.code == 0, said.err
        yield folder


@pytest.fixture(scope="module")
def release(made: Path) -> Path:
    return next(path for path in (made / "store").iterdir() if (path / "manifest.json").is_file())


def problems_of(folder: Path) -> tuple[str, ...]:
    """The codes of what verifying finds, whether it reports it or refuses to look further."""
    try:
        return tuple(problem.code for problem in verify(folder).problems)
    except UserError as error:
        return (error.detail.code,)


def asked(folder: Path) -> None:
    """What an analyst asks of a release: to be counted in, whether or not they have verified it."""
    try:
        analysis = package.load(folder)
        analysis.estimate(a="x")
        analysis.share({"a": "x"}, among={"b": "u"})
        analysis.table("a", "b")
        analysis.estimate(a="x", b="u", source="records")
    except UserError as error:
        assert error.detail.what


def copied(release: Path, folder: str) -> Path:
    return shutil.copytree(release, Path(folder) / "release")


def test_the_release_is_sound(release: Path) -> None:
    assert verify(release).problems == ()
    assert package.load(release).estimate(a="x").value is not None


def test_each_file_cut_or_gone_is_found(release: Path) -> None:
    for name in (name for name, digest in files(release).items() if digest):
        for gone in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                path = copied(release, folder) / name
                if gone:
                    path.unlink()
                else:
                    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
                assert problems_of(Path(folder, "release")), name
                asked(Path(folder, "release"))


def test_a_damaged_release_is_refused_with_a_sentence(release: Path, tmp_path: Path) -> None:
    for name in ("manifest.json", "data/synthetic.csv"):
        copy = shutil.copytree(release, tmp_path / name.replace("/", "-"))
        (copy / name).write_bytes(b"\xff\x00{[")
        said = ctdc(tmp_path, "release", "verify", copy.name)
        assert said.code in (3, 4), said.err
        assert "Traceback" not in said.err
        assert not said.changed


DOCUMENTS = ("manifest.json", "privacy.json", "codebook/codebook.json", "data/schema.json", "data/figures.json")


@pytest.mark.parametrize("name", DOCUMENTS)
@QUICK
@given(data=st.data())
def test_a_changed_document_is_found_and_breaks_nothing(release: Path, name: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(release, folder)
        document = json.loads((copy / name).read_text())
        other: Any = data.draw(changed(document))
        (copy / name).write_text(json.dumps(other))
        asked(copy)
        if other != document:
            assert problems_of(copy), "a change was not found"


@settings(QUICK, max_examples=60)
@given(place=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_changed_byte_of_the_measurements(release: Path, place: int, byte: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = copied(release, folder) / "data" / "measurements.parquet"
        content = bytearray(path.read_bytes())
        content[place % len(content)] = byte
        path.write_bytes(content)
        asked(Path(folder) / "release")


@QUICK
@given(place=st.integers(0, 10**4), byte=st.integers(0, 255))
@example(5, 255)
def test_nothing_is_measured_on_a_ledger_that_was_changed(made: Path, place: int, byte: int) -> None:
    """The charge is refused before it is made, and no file appears."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("cases.csv", "schema.json", "ledger.jsonl", "ledger.jsonl.key"):
            shutil.copy(made / file, folder / file)
        content = bytearray((folder / "ledger.jsonl").read_bytes())
        lines = json.loads(content.splitlines()[0])
        content[place % (len(content) - 1)] = byte
        (folder / "ledger.jsonl").write_bytes(content)
        try:
            unchanged = json.loads(bytes(content).splitlines()[0]) == lines and len(content.splitlines()) == 2
        except ValueError:
            unchanged = False
        if unchanged:
            return
        said = ctdc(folder, "protect", "cases.csv", "--schema=schema.json", "--epsilon=1", "--out=safe", "--length=1")
        assert said.is_a_refusal()
        assert "ledger" in said.err


def test_a_line_that_was_cut_was_never_charged(made: Path, tmp_path: Path) -> None:
    for file in ("cases.csv", "schema.json", "ledger.jsonl", "ledger.jsonl.key"):
        shutil.copy(made / file, tmp_path / file)
    whole = (tmp_path / "ledger.jsonl").read_bytes()
    first = whole.index(b"\n") + 1
    (tmp_path / "ledger.jsonl").write_bytes(whole[: first + 40])
    assert len(ledger.read(tmp_path / "ledger.jsonl")) == 1
    said = ctdc(tmp_path, "protect", "cases.csv", "--schema=schema.json", "--epsilon=1", "--out=safe", "--length=1")
    assert said.code == 0, said.err
    kinds = [line.event["kind"] for line in ledger.read(tmp_path / "ledger.jsonl")]
    assert kinds == ["charge", "charge", "done"]


RUN = 'out = "all"\n[simulation]\ncases = 10\n[privacy]\nepsilon = 1\n[release]\nname = "a"\n'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("cases = 10", "cases = 0"),
        ("cases = 10", "cases = " + "9" * 400),
        ("cases = 10", "cases = 1.5"),
        ("epsilon = 1", "epsilon = nan"),
        ("epsilon = 1", "epsilon = inf"),
        ("epsilon = 1", "epsilon = -inf"),
        ("epsilon = 1", "epsilon = 0"),
        ("epsilon = 1", "epsilon = true"),
        ("epsilon = 1", "epsilon = 1\ndelta = 0"),
        ("epsilon = 1", "epsilon = 1\ndelta = 1"),
        ("epsilon = 1", "epsilon = 1\ndelta = nan"),
        ("epsilon = 1", "epsilon = 1\nlength = 0"),
        ("epsilon = 1", "epsilon = 1\nseed = -1"),
        ("epsilon = 1", "epsilon = 1\nthreshold = -1"),
        ("epsilon = 1", "epsilon = 1\nthreshold = " + "9" * 200),
        ("epsilon = 1", "epsilon = 1\nseed = " + "9" * 200),
        ("epsilon = 1", 'epsilon = 1\npopulation = "a\\nb"'),
        ("epsilon = 1", 'epsilon = 1\nworkload = "none.toml"'),
        ("epsilon = 1", "epsilon = 1e-300"),
        ("[release]", "[releases]"),
        ('name = "a"', 'name = "../a"'),
        ('name = "a"', 'name = "a"\nprofile = "none"'),
        ("[simulation]", "[[delivery]]\nsource = 'none'\nmapping = 'none'\n[simulation]"),
        ("[simulation]\ncases = 10", "[[delivery]]\nsource = 'none.csv'\nmapping = 'none'"),
        ("[privacy]", "[privacy"),
    ],
)
def test_a_plan_of_a_run_with_one_thing_wrong_starts_nothing(old: str, new: str, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(RUN.replace(old, new))
    said = ctdc(tmp_path, "run", "plan.toml")
    assert said.code in (2, 3, 4), said.err
    assert "Error: " in said.err
    assert not list(tmp_path.rglob("ledger*")), "nothing was charged"
    assert not list(tmp_path.glob("all/releases/*"))
