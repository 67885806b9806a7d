"""The open Counter-Trafficking Data Collaborative."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from ctdc.release.client import Release


def load(
    place: str | Path,
    groups: Mapping[str, Collection[str]] | None = None,
    *,
    public_key: str | Path | None = None,
    keep: str | Path | None = None,
) -> Release:
    """Open a release for questions, from a folder or an https address; see `ctdc.release.client.load`."""
    from ctdc.release import client  # noqa: PLC0415 - `import ctdc` alone must stay cheap

    return client.load(place, groups, public_key=public_key, keep=keep)
