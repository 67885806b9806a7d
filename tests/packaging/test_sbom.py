"""The bill of materials names what the locks name and what ships inside, in a form that others read."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from scripts.make_sbom import EVERYTHING, PARTS, ROOT, locked, parts, sbom, version

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
PACKAGE = ROOT / "src" / "ctdc"


def of_others(path: Path) -> bool:
    """Whether a file of the package is somebody else's: a font, a map, a script that names its licence."""
    if path.suffix == ".js":
        return "licence" in path.read_text("utf-8")[:300]
    return path.suffix in {".ttf", ".woff2"} or (path.parent.name == "geometry" and path.suffix == ".json")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sbom(MOMENT))
    return found


def test_it_is_valid_and_the_same_each_time(document: dict[str, Any]) -> None:
    text = sbom(MOMENT)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert json.loads(text) == document
    assert document["metadata"]["component"]["version"] == version()


def test_every_library_of_the_locks_is_there_with_the_hashes_of_its_files(document: dict[str, Any]) -> None:
    libraries = {one["name"]: one for one in document["components"] if one["type"] == "library"}
    expected = locked(EVERYTHING)
    assert libraries.keys() <= expected.keys()
    assert expected.keys() - libraries.keys() <= {"hatchling", "editables", "pathspec", "pluggy", "trove-classifiers"}
    for name, one in libraries.items():
        number, hashes = expected[name]
        assert one["version"] == number
        assert {each["content"] for each in one["externalReferences"][0]["hashes"]} == set(hashes)
    assert libraries["numpy"]["scope"] == "required" and libraries["wagtail"]["scope"] == "optional"
    licensed = [one for one in libraries.values() if one.get("licenses")]
    assert len(licensed) > 0.9 * len(libraries)


def test_everything_of_others_inside_the_package_is_there_with_its_licence(document: dict[str, Any]) -> None:
    inside = {one["name"]: one for one in document["components"] if one["type"] == "file"}
    assert inside.keys() == {part.name for part in parts()}
    assert all(one["licenses"] for one in inside.values())
    named = {file for part in PARTS for file in part.files}
    ours = [path for path in PACKAGE.rglob("*") if path.is_file() and "documentation" not in path.parts]
    foreign = {path.relative_to(PACKAGE).as_posix() for path in ours if of_others(path)}
    assert foreign == named
    for file in named:
        beside = {path.name for path in (PACKAGE / file).parent.iterdir()}
        assert [name for name in beside if "LICENSE" in name or "OFL" in name], f"no licence beside {file}"
