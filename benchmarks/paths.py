"""Where results, pages and pictures are kept."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
RESULTS = REPOSITORY / "benchmarks" / "results"
GROWTH = "growth.json"
PAGE = REPOSITORY / "docs" / "explanation" / "benchmarks.md"
PICTURES = REPOSITORY / "docs" / "images" / "benchmarks"
