"""The page on the counts service says what is stored."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/site-benchmarks.md").read_text(encoding="utf-8")
FOUND = json.loads((ROOT / "benchmarks/results/api.json").read_text(encoding="utf-8"))


def test_times_are_those_measured() -> None:
    assert f"{FOUND['rows']:,} simulated records" in PAGE
    for one in FOUND["uncached"][1:]:
        assert f"| {one['filters']} | {one['cpu_p50_ms']} ms | {one['cpu_p95_ms']} ms | 50 ms |" in PAGE
    assert f"{FOUND['cached']['counts?by=gender']['per_cpu_second']:,} in a second" in PAGE


def test_coverage_is_that_measured() -> None:
    for size in {one["from"] for one in FOUND["records_cover"]}:
        found = [one for one in FOUND["records_cover"] if one["from"] == size]
        questions = sum(one["questions"] for one in found)
        share = sum(one["questions"] * one["covered"] for one in found) / questions
        shown = f"{100 * share:.1f}" if share > 0.99 else f"{100 * share:.0f}"
        assert f"| {questions:,} | {shown} % |" in PAGE
