"""docs/build.py, which is no part of a package, as a module."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

BUILD = Path(__file__).parents[2] / "docs" / "build.py"


def documentation_builder() -> ModuleType:
    """What builds the pages of the documentation."""
    spec = importlib.util.spec_from_file_location("docs_build", BUILD)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module
