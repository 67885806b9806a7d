"""The open Counter-Trafficking Data Collaborative."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from ctdc.release.analysis import Analysis


def load(folder: str | Path, groups: Mapping[str, Collection[str]] | None = None) -> Analysis:
    """Open a release or a protected folder for questions; see `ctdc.release.analysis.load`."""
    from ctdc.release import analysis  # noqa: PLC0415 - `import ctdc` alone must stay cheap

    return analysis.load(folder, groups)
