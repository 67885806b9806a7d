"""From invented contributors, who know perpetrators in three ways, to a verified release of two linked tables."""

import json
import subprocess
from pathlib import Path

import polars as pl
import pytest
from tests.support.quick import QUICK

import ctdc
from ctdc.privacy import ledger
from ctdc.release.verify import verify
from ctdc.standard.loader import load

pytestmark = [pytest.mark.slow, pytest.mark.heavy]

PROFILE = "victim-perpetrator-linked"
RUN = [*QUICK, "run", "--demo", "--cases", "1200", "--epsilon", "4", "--length", "2"]


def finish(out: Path) -> dict:
    """Run to the end; its result."""
    command = [*RUN, "--profile", PROFILE, "--out", str(out), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    out = tmp_path_factory.mktemp("linked") / "demo"
    return out, finish(out)


def derived(out: Path, name: str) -> pl.DataFrame:
    """What the engine was given."""
    (path,) = out.glob(f"work/derive-*/{name}.parquet")
    return pl.read_parquet(path)


def counted(out: Path) -> pl.DataFrame:
    """People with the number of their linked rows, and how many of these count."""
    links = load().profile(PROFILE).links
    assert links is not None
    rows = derived(out, "linked").group_by("_link").len("all")
    people = derived(out, "columns").join(rows, on="_link", how="left")
    return people.with_columns(pl.col("all").fill_null(0)).with_columns(
        count=pl.col("all").clip(upper_bound=links.most)
    )


def test_it_ends_in_a_verified_release_of_both_tables(whole):
    release = Path(whole[1]["release"])
    assert verify(release).ok
    manifest = json.loads((release / "manifest.json").read_text())
    assert manifest["linked"]["main"] == "victims"
    assert manifest["linked"]["linked"] == "perpetrators"
    flat = pl.read_csv(release / "data/flattened.csv", infer_schema=False)
    assert tuple(flat.columns) == load().profile("victim-perpetrator-2022").names
    assert "Perpetrators" in (release / "about/privacy.en.html").read_text()


def test_contributors_deliver_linked_rows(whole):
    people = counted(whole[0])
    assert people["all"].sum() > 300
    assert people["all"].max() > 1


def test_estimates_are_near_what_the_engine_was_given(whole):
    out, result = whole
    opened = ctdc.load(result["release"])
    people = counted(out)
    for found, truth in (
        (opened.estimate(), people.height),
        (opened.estimate(numberOfPerpetrators=opened.known), (people["count"] > 0).sum()),
        (opened.estimate(numberOfPerpetrators="1"), (people["count"] == 1).sum()),
        (opened.linked.estimate(), people["count"].sum()),
    ):
        assert found.value == pytest.approx(truth, abs=6 * found.standard_error)


def test_no_id_of_the_run_or_of_a_contributor_reaches_the_release(whole):
    release = Path(whole[1]["release"])
    for path in (release / "data").glob("*.parquet"):
        assert not {"_link", "_subject", "_contributor"} & set(pl.read_parquet(path).columns)
    people = pl.read_csv(release / "data/victims.csv", infer_schema=False)
    assert people["id"].to_list() == [str(number) for number in range(1, people.height + 1)]


def test_a_repeated_run_costs_nothing(whole):
    out, first = whole
    again = finish(out)
    assert all(stage["reused"] for stage in again["stages"])
    assert again["release"] == first["release"]
    assert sum(line.event["kind"] == "charge" for line in ledger.read(out / "ledger.jsonl")) == 1
