"""What is built holds what the source tree holds and nothing else, and works where nothing but it is installed."""

import json
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.support.processes import surroundings

ROOT = Path(__file__).parents[2]
PACKAGE = "src/ctdc"
DOCUMENTATION = "ctdc/documentation/"  # what 'make docs' builds; it may be there or not
pytestmark = [pytest.mark.slow, pytest.mark.heavy]
EPOCH = "1772366400"


def tracked(*below: str) -> set[str]:
    """Files of the source tree that belong to it, committed or about to be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *below]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).is_file()}


def bare() -> dict[str, str]:
    """The environment without anything that would help: no path to this tree, no node, no setting of ours."""
    return surroundings("PYTHON", PATH="", SOURCE_DATE_EPOCH=EPOCH)


def build(tree: Path, out: Path, target: str) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(out), "-t", target]
    subprocess.run(command, cwd=tree, env=bare(), check=True, capture_output=True)
    (found,) = out.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("archive"), "sdist")


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist() if not name.endswith("/")}


def test_the_wheel_is_the_package_and_nothing_else(wheel: Path) -> None:
    names = {name for name in contents(wheel) if ".dist-info/" not in name and not name.startswith(DOCUMENTATION)}
    assert names == {name.removeprefix("src/") for name in tracked(PACKAGE)}
    assert wheel.stat().st_size < 12_000_000


def test_the_archive_holds_what_rebuilding_and_testing_need_and_nothing_of_others(archive: Path, wheel: Path) -> None:
    with tarfile.open(archive) as packed:
        names = {name.partition("/")[2] for name in packed.getnames() if not name.endswith("/PKG-INFO")}
        packed.extractall(archive.parent / "tree", filter="data")
    inside = {name for name in names if not name.startswith(f"src/{DOCUMENTATION}")}
    assert inside == tracked(), "what git ignores is not in it, and all else is"
    assert not [name for name in names if "node_modules" in name or ".peers" in name]
    (tree,) = (archive.parent / "tree").iterdir()
    again = build(tree, archive.parent / "again", "wheel")
    assert contents(again) == contents(wheel)


def test_the_same_tree_gives_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    assert build(ROOT, tmp_path, "wheel").read_bytes() == wheel.read_bytes()


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel; the libraries are those of the tests, the program is not."""
    place = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    python = place / "bin" / "python"
    (packages,) = place.glob("lib/python3*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    quiet = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--ignore-installed",
        *quiet,
        str(wheel),
    ]
    subprocess.run(command, check=True, env=bare())
    return place


def test_the_demonstration_works_where_only_the_wheel_is_installed(installed: Path, tmp_path: Path) -> None:
    where = [installed / "bin" / "python", "-c", "import ctdc; print(ctdc.__file__)"]
    found = subprocess.run(where, capture_output=True, text=True, check=True, env=bare(), cwd=tmp_path)
    assert Path(found.stdout.strip()).is_relative_to(installed)
    command = [installed / "bin" / "ctdc", "demo", "--cases", "300", "--length", "1", "--no-serve", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=bare(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    site = tmp_path / result["site"]
    assert {path.name for path in site.iterdir()} >= {"ar", "de", "en", "es", "fr", "assets", "releases", "404.html"}
    assert list((site / "en" / "map").glob("index.html")), "the map's geometry is inside"
    assert list((site / "assets" / "fonts").glob("*.woff2"))
    pictures = [path for path in site.rglob("*.png") if path.stat().st_size > 1000]
    assert pictures, "the fonts of pictures are inside"
    again = subprocess.run(command, capture_output=True, text=True, env=bare(), cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["release"] == result["release"], "what is finished is not made again"
