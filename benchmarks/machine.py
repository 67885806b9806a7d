"""What a result was measured on: processor, memory, versions, commit. Nothing that names a person or a host."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("ctdc", "dp-accounting", "numba", "numpy", "opendp", "polars", "pyarrow")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def machine() -> dict[str, Any]:
    """Processor, usable cores, memory, system and versions, as a JSON object."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {package: _version(package) for package in PACKAGES},
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def commit() -> dict[str, Any]:
    """The commit, and whether code that is measured or measures differs from it."""
    changed = _git("status", "--porcelain", "--", "src", "benchmarks/*.py", "benchmarks/peer_scripts")
    return {"commit": _git("rev-parse", "HEAD")[:12] or "unknown", "modified": bool(changed)}
