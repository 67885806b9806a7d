"""The walls between rooms, seen from a running interpreter: what is imported is what is in ``sys.modules``."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import ctdc

SOURCE = Path(ctdc.__file__).parent
CORE_ROOMS = ("foundation", "standard", "table", "intake", "vault", "simulate", "privacy", "release", "workflow")
# What turns a release's published measurements into estimates. Nothing here reads cases, keys or the ledger.
ARITHMETIC_OF_ESTIMATES = {"ctdc.privacy"} | {
    f"ctdc.privacy.{name}"
    for name in (
        *("accounting", "allocation", "along", "estimate", "linear", "linked_estimates", "linked_workload"),
        *("measure", "noise", "plan", "selection", "shorten", "stored"),
    )
}
WEB_AND_SPARK = {"django", "wagtail", "starlette", "uvicorn", "pyspark"}
# What people wrote: changes of the database are written by Django.
WRITTEN = sorted(path for path in SOURCE.rglob("*.py") if path.parent.name != "migrations")

_IMPORT_ALL = """
import importlib, json, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
print(json.dumps(sorted(sys.modules)))
"""


def modules_after_importing(package: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", _IMPORT_ALL, package], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.slow
@pytest.mark.parametrize("room", CORE_ROOMS)
def test_a_core_room_brings_in_no_web_framework_and_no_spark(room: str) -> None:
    loaded = {name.split(".")[0] for name in modules_after_importing(f"ctdc.{room}")}
    assert not loaded & WEB_AND_SPARK


@pytest.mark.slow
@pytest.mark.parametrize("room", ["privacy", "table"])
def test_the_engine_brings_in_no_meaning_of_the_data(room: str) -> None:
    loaded = modules_after_importing(f"ctdc.{room}")
    assert not [
        name for name in loaded if name.startswith(("ctdc.standard", "ctdc.intake", "ctdc.vault", "ctdc.simulate"))
    ]


@pytest.mark.slow
def test_the_public_site_brings_in_nothing_that_touches_raw_cases() -> None:
    loaded = modules_after_importing("ctdc.hub.site")
    forbidden = ("ctdc.intake", "ctdc.vault", "ctdc.simulate", "ctdc.workflow", "ctdc.privacy")
    assert {name for name in loaded if name.startswith(forbidden)} <= ARITHMETIC_OF_ESTIMATES


@pytest.mark.slow
def test_help_imports_no_heavy_library() -> None:
    """`ctdc --help` answers at once because a subcommand is imported only when it is called."""
    script = "import json, sys, ctdc.cli.main; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"numpy", "pyarrow", "polars", "numba", "opendp", "cryptography"} & set(json.loads(done.stdout))


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_keeps_the_house_rules(path: Path) -> None:
    """A promise at the top, under 800 lines, no assert (safety must not vanish under ``python -O``)."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module opens with its promise"
    assert len(text.splitlines()) < 800
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]


def imported_names(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("room", [room for room in CORE_ROOMS if room != "workflow"])
def test_only_workflow_and_the_command_line_read_the_clock(room: str) -> None:
    readers = [
        path.name
        for path in (SOURCE / room).rglob("*.py")
        if path.name != "clock.py" and "ctdc.foundation.clock.now" in imported_names(path)
    ]
    assert not readers


def facade_imports(path: Path) -> list[str]:
    """Names that a module takes from the ``__init__`` of its own package (submodules do not count)."""
    package = ".".join(("ctdc", *path.relative_to(SOURCE).parent.parts))
    return [
        alias.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == package
        for alias in node.names
        if not (path.parent / alias.name).is_dir() and not (path.parent / f"{alias.name}.py").is_file()
    ]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_package_does_not_import_its_own_facade(path: Path) -> None:
    assert not facade_imports(path), "import from the module that has the name, not from the package around it"
