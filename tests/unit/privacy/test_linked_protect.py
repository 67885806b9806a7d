"""From two linked tables to a folder: what it holds, what it says, and what it costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.support.engine import WHEN, Invented, NoNoise
from tests.support.linked import LINKED, MAIN, some_households

from ctdc.privacy import ledger
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.domain import joint, read_domain
from ctdc.privacy.estimate import estimate
from ctdc.privacy.linked_estimates import LinkedEstimates
from ctdc.privacy.linked_workload import LinkedWorkload, as_long_as_useful, plan_linked
from ctdc.privacy.measure import measure
from ctdc.privacy.noise import NoiseSource
from ctdc.privacy.protect import measure_records, protect, publish_measurements
from ctdc.privacy.report import LANGUAGES, report_texts
from ctdc.privacy.settings import Settings
from ctdc.privacy.stored import read_measurements
from ctdc.table.coded import table_from_matrix
from ctdc.table.linked import LinkedSchema, LinkedTable
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

pytestmark = pytest.mark.slow

SETTINGS = Settings(Guarantee(2, 1e-6), seed=3)
WHOLE = some_households(1).schema.whole


def protected(
    folder: Path, table: LinkedTable, noise: NoiseSource | None = None, settings: Settings = SETTINGS
) -> dict[str, Any]:
    ledger_path = folder / "ledger.jsonl"
    return protect(lambda: table, table.schema, settings, folder / "out", ledger_path, WHEN, noise=noise)


def test_the_folder_holds_both_tables_and_every_count(tmp_path: Path) -> None:
    table = some_households(300)
    statement = protected(tmp_path, table, Invented(300, WHOLE))
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == sorted(
        [
            *(f"{name}.{end}" for name in ("synthetic", "linked", "aggregates") for end in ("csv", "parquet")),
            *(f"{name}_aggregates.{end}" for name in ("linked", "across") for end in ("csv", "parquet")),
            *("schema.json", "linked_schema.json", "privacy.json", "measurements.parquet", "report.html"),
        ]
    )
    people, rows = (pl.read_csv(out / f"{name}.csv", infer_schema=False) for name in ("synthetic", "linked"))
    assert people.columns == ["id", "members", "area", "flag"]
    assert rows.columns == ["id", "age", "works"]
    assert people["id"].to_list() == [str(number) for number in range(1, people.height + 1)]
    counted = dict(rows.group_by("id").len().iter_rows())
    said = people.select("id", pl.col("members").str.strip_chars("+").cast(pl.Int64).fill_null(0))
    assert {person: counted.get(person, 0) for person in people["id"]} == dict(said.iter_rows())
    assert statement["linked"]["rows"] == rows.height
    assert people.height == 300
    assert rows.height > 100
    assert statement["length"] == 3
    assert json.loads((out / "privacy.json").read_text()) == json.loads(json.dumps(statement))


def test_everything_follows_from_the_folder(tmp_path: Path) -> None:
    table = some_households(300)
    statement = protected(tmp_path, table, Invented(300, WHOLE))
    domain = read_domain(tmp_path / "out")
    assert domain == table.schema
    found = estimate(read_measurements(tmp_path / "out" / "measurements.parquet", joint(domain)))
    again = LinkedEstimates(table.schema, 3, found)
    assert statement["linked"]["count"]["count"] == round(again.total_rows()[0], 2)
    assert statement["linked"]["left_out"]["rows"]["standard_error"] == round(again.left_out()[1][1], 4)


def test_without_noise_the_statement_tells_the_truth(tmp_path: Path) -> None:
    table = some_households(400, most=2, largest=4)
    statement = protected(tmp_path, table, NoNoise())
    links = np.bincount(table.owner, minlength=400)
    assert statement["total"]["count"] == pytest.approx(400)
    assert statement["linked"]["count"]["count"] == pytest.approx(np.minimum(links, 2).sum())
    left_out = statement["linked"]["left_out"]
    assert left_out["people"]["count"] == pytest.approx((links > 2).sum())
    assert left_out["share_of_rows"] == pytest.approx(np.maximum(links - 2, 0).sum() / links.sum(), abs=1e-4)
    assert not statement["worse_than_alone"]
    assert not statement["publishable"]


def test_the_plan_is_charged_before_anything_is_measured(tmp_path: Path) -> None:
    charged: list[bool] = []

    class Watching:
        publishable = False

        def add(self, exact: np.ndarray, scale: float, squared_sensitivity: int) -> tuple[np.ndarray, float]:
            charged.append((tmp_path / "ledger.jsonl").exists())
            return Invented(100, WHOLE).add(exact, scale, squared_sensitivity)

    table = some_households(100)
    protected(tmp_path, table, Watching())
    assert charged
    assert all(charged)
    plan = plan_linked(table.schema, SETTINGS.guarantee, 3)
    charge = ledger.read(tmp_path / "ledger.jsonl")[0].event
    assert charge["rho_billionths"] / 1e9 == pytest.approx(plan.cost().rho, abs=2e-9)


def test_what_was_measured_can_be_published_later_with_other_facts_only_of_the_same_tables(tmp_path: Path) -> None:
    table = some_households(100)
    measure_records(
        lambda: table,
        table.schema,
        SETTINGS,
        tmp_path / "m",
        tmp_path / "ledger.jsonl",
        WHEN,
        noise=Invented(100, WHOLE),
    )
    other = some_households(100, most=2)
    with pytest.raises(ValueError, match="another schema"):
        publish_measurements(tmp_path / "m", SETTINGS, tmp_path / "no", schema=other.schema)
    statement = publish_measurements(tmp_path / "m", SETTINGS, tmp_path / "out", schema=table.schema)
    assert statement["linked"]["most"] == 3


def test_records_of_another_schema_are_refused_before_the_charge(tmp_path: Path) -> None:
    table, other = some_households(20), some_households(20, most=2)
    with pytest.raises(ValueError, match="another schema"):
        protect(lambda: other, table.schema, SETTINGS, tmp_path / "out", tmp_path / "ledger.jsonl", WHEN)
    assert not (tmp_path / "ledger.jsonl").exists()


def test_the_report_says_what_is_counted_in_every_language(tmp_path: Path) -> None:
    protected(tmp_path, some_households(100), Invented(100, WHOLE))
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    keys = [key for key in report_texts()["en"] if key.startswith(("linked.", "file.linked", "file.across"))]
    keys += ["unit.linked", "neighbours.linked"]
    assert len(keys) > 9
    for language in LANGUAGES:
        for key in keys:
            longest = max(report_texts()[language][key].replace("%", "{").split("{"), key=len).split("}")[-1]
            assert longest.replace("'", "&#39;") in html, (language, key)


def test_the_engine_draws_no_seed_for_who_is_left_out(tmp_path: Path) -> None:
    """Of the same people different rows are kept in different runs; the records' seed has no part in it."""
    table = some_households(60, most=1, largest=4)
    seen = set()
    for number in range(6):
        folder = tmp_path / str(number)
        folder.mkdir()
        protected(folder, table, NoNoise())
        seen.add((folder / "out" / "linked_aggregates.csv").read_text())
    assert len(seen) > 1


@pytest.mark.parametrize(("people", "epsilon", "length"), [(12, 0.5, 1), (2000, 2, 3)])
def test_for_few_people_less_is_measured_at_no_higher_cost(people: int, epsilon: float, length: int) -> None:
    table = some_households(people)
    plan = plan_linked(table.schema, Guarantee(epsilon, 1e-6), 3)
    found = measure(table.tally(np.random.default_rng(0)), plan, NoNoise(), shorten=as_long_as_useful(table.schema))
    assert found.plan.length == length
    assert [m.attributes for m in found.plan.measurements] == list(LinkedWorkload(table.schema, length).family)
    assert found.plan.cost().rho <= plan.cost().rho
    assert found.cost().rho == plan.cost().rho, "what is stated is what was charged"
    estimates = LinkedEstimates(table.schema, length, estimate(found))
    assert estimates.people.total()[0] == pytest.approx(people)


def test_the_folder_says_that_less_was_measured(tmp_path: Path) -> None:
    statement = protected(tmp_path, some_households(12), NoNoise(), Settings(Guarantee(0.5, 1e-6)))
    assert (statement["length"], statement["asked_length"]) == (1, 3)
    assert set(statement["linked"]["expected_standard_error"]["linked"]) == {"0", "1"}


@pytest.mark.parametrize("length", [1, 2, 3])
def test_one_row_each_beside_many_codes(tmp_path: Path, length: int) -> None:
    """With one row nobody stands beside it, so what another row could have is not measured, and not looked for."""
    schema = LinkedSchema(
        MAIN, Schema((Variable("country", tuple(f"c{n}" for n in range(40))), LINKED.variables[0])), 1
    )
    random = np.random.default_rng(0)
    main = table_from_matrix(MAIN, some_households(2000).main.matrix())
    rows = table_from_matrix(schema.linked, np.array([random.geometric(0.3, 2000) % 41, random.integers(0, 4, 2000)]))
    table = LinkedTable(schema, main, rows, np.arange(2000))
    statement = protected(tmp_path, table, NoNoise(), Settings(Guarantee(8, 1e-6), length=length, seed=1))
    assert statement["linked"]["count"]["count"] == pytest.approx(2000)


def test_people_are_spread_before_anything_is_charged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(LinkedTable, "tally", fail)
    with pytest.raises(MemoryError):
        protected(tmp_path, some_households(20), NoNoise())
    assert not (tmp_path / "ledger.jsonl").exists()


@pytest.mark.parametrize("total", [0, 1, 250])
def test_without_the_measurements_all_people_look_the_same(tmp_path: Path, total: int) -> None:
    """As in spec/test_engine_promises, for people with linked rows: noise that ignores them gives the same bytes."""
    crowd, nobody, alone = some_households(200), some_households(0), some_households(1)
    views = []
    for number, table in enumerate((crowd, nobody, alone)):
        folder = tmp_path / str(number)
        folder.mkdir()
        statement = protected(folder, table, Invented(total, WHOLE))
        files = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}
        views.append((statement, files, (folder / "ledger.jsonl").read_text()))
    assert views[0] == views[1] == views[2]
