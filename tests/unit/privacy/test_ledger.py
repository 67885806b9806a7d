"""The privacy ledger: chained, charged first, refusing, and safe against power cuts and rivals."""

import json
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from tests.support.engine import WHEN

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import hash_value
from ctdc.privacy import ledger
from ctdc.privacy.accounting import Cost, Guarantee
from ctdc.privacy.budgets import budget, spent
from ctdc.privacy.ledger import charge, declare_overlap, read, set_budget

COST = Cost(0.01, 0.02)
DELTA = 1e-6


def charged(path: Path, times: int = 3, population: str = "all") -> Path:
    for number in range(times):
        charge(path, population, COST, {"number": number}, WHEN)
    return path


def test_no_ledger_means_nothing_spent(tmp_path: Path) -> None:
    assert read(tmp_path / "none") == ()
    assert spent((), "all") == Cost(0.0, 0.0)


def test_lines_are_chained_and_hold_what_was_charged(tmp_path: Path) -> None:
    lines = read(charged(tmp_path / "ledger.jsonl"))
    assert [line.sequence for line in lines] == [1, 2, 3]
    assert [line.previous for line in lines] == ["", lines[0].hash, lines[1].hash]
    assert lines[1].event == {
        "kind": "charge",
        "version": 2,
        "population": "all",
        "rho_billionths": 10_000_000,
        "mu_squared_billionths": 20_000_000,
        "details": {"number": 1},
        "at": "2026-03-01T12:00:00Z",
    }


def test_amounts_are_rounded_up(tmp_path: Path) -> None:
    line = charge(tmp_path / "l", "all", Cost(1.0000000001e-9, 1e-12), {}, WHEN)
    assert (line.event["rho_billionths"], line.event["mu_squared_billionths"]) == (2, 1)
    assert spent(read(tmp_path / "l"), "all").rho >= 1.0000000001e-9


def test_one_charge_without_the_exact_curve_leaves_zcdp_for_all(tmp_path: Path) -> None:
    path = charged(tmp_path / "l", 2)
    charge(path, "all", Cost(0.01, None), {}, WHEN)
    total = spent(read(path), "all")
    assert total.mu_squared is None
    assert total.rho == pytest.approx(0.03)


def test_populations_are_counted_apart(tmp_path: Path) -> None:
    path = charged(tmp_path / "l", 2, "children")
    charged(path, 1, "all")
    assert spent(read(path), "children").rho == pytest.approx(0.02)
    assert spent(read(path), "all").rho == pytest.approx(0.01)


def rewritten(path: Path, change: Callable[[list[str]], list[str]]) -> Path:
    path.write_text("".join(f"{line}\n" for line in change(path.read_text().splitlines())))
    return path


def edited(lines: list[str]) -> list[str]:
    """The middle charge made smaller, its own hash mended, as somebody would who knows the format."""
    raw = json.loads(lines[1])
    raw["event"]["rho_billionths"] = 1
    raw["hash"] = hash_value([raw["sequence"], raw["previous"], raw["event"]])
    return [lines[0], json.dumps(raw), lines[2]]


DAMAGE: dict[str, tuple[Callable[[list[str]], list[str]], int]] = {
    "a number changed": (lambda lines: [lines[0], lines[1].replace("10000000", "1000000", 1), lines[2]], 2),
    "a number changed and the hash mended": (edited, 3),
    "the first line gone": (lambda lines: lines[1:], 1),
    "a middle line gone": (lambda lines: [lines[0], lines[2]], 2),
    "two lines exchanged": (lambda lines: [lines[0], lines[2], lines[1]], 2),
    "a line twice": (lambda lines: [lines[0], lines[0], *lines[1:]], 2),
    "an empty line": (lambda lines: [lines[0], "", *lines[1:]], 2),
    "no json": (lambda lines: [lines[0], lines[1][:-5], lines[2]], 2),
    "not a line": (lambda lines: [lines[0], "[1, 2]", lines[2]], 2),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found_and_nothing_more_is_charged(tmp_path: Path, damage: str) -> None:
    change, line = DAMAGE[damage]
    path = rewritten(charged(tmp_path / "ledger.jsonl"), change)
    before = path.read_bytes()
    for attempt in (lambda: read(path), lambda: charge(path, "all", COST, {}, WHEN)):
        with pytest.raises(UserError) as caught:
            attempt()
        assert caught.value.detail.code == "ledger.broken"
        assert caught.value.detail.where.endswith(f"line {line}")
    assert path.read_bytes() == before


def test_bytes_that_are_no_text_are_damage(tmp_path: Path) -> None:
    path = charged(tmp_path / "l", 1)
    path.write_bytes(path.read_bytes() + b"\xff\xfe\n")
    with pytest.raises(UserError, match="not a line of this file"):
        read(path)


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "refund", "version": 1, "population": "all"},
        {"kind": "charge", "version": 3, "population": "all"},
        {"kind": ["charge"], "version": 1, "population": "all"},
        {"kind": "charge", "version": True, "population": "all"},
        {"kind": "charge", "version": 1, "rho_billionths": 5, "mu_squared_billionths": 5},
        {"kind": "charge", "version": 1, "population": "all", "rho_billionths": -5, "mu_squared_billionths": 5},
        {"kind": "charge", "version": 1, "population": "all", "rho_billionths": 5},
        {"kind": "budget", "version": 1, "population": "all", "epsilon": "12", "delta": 1e-6},
    ],
)
def test_an_event_that_is_not_on_the_list_is_refused(tmp_path: Path, event: dict[str, object]) -> None:
    path = tmp_path / "l"
    path.write_text(ledger.Line.after(None, event).text() + "\n")
    with pytest.raises(UserError) as caught:
        read(path)
    assert caught.value.detail.code == "ledger.broken"


@pytest.mark.parametrize("kept", range(1, 40, 6))
def test_a_line_that_a_power_cut_tore_was_never_charged_and_blocks_nobody(tmp_path: Path, kept: int) -> None:
    """Nothing was measured for it: whoever charges goes on only once the whole line is on the disk."""
    path = charged(tmp_path / "l", 2)
    whole = path.read_bytes()
    charge(path, "all", COST, {}, WHEN)
    torn = path.read_bytes()[: len(whole) + kept]
    path.write_bytes(torn)
    assert len(read(path)) == 2
    assert path.read_bytes() == torn, "reading changes nothing"
    charge(path, "all", COST, {"again": True}, WHEN)
    assert [line.event["details"] for line in read(path)] == [{"number": 0}, {"number": 1}, {"again": True}]


def test_lines_missing_at_the_end_change_the_last_hash_that_was_noted(tmp_path: Path) -> None:
    """The file alone cannot show it: that is why `verify` prints the hash, to be noted elsewhere."""
    path = charged(tmp_path / "l")
    noted = read(path)[-1].hash
    rewritten(path, lambda lines: lines[:-1])
    assert read(path)[-1].hash != noted


def test_a_budget_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "l"
    set_budget(path, "all", Guarantee(1.5, DELTA), WHEN)
    one = COST.epsilon(DELTA)
    charge(path, "all", COST, {}, WHEN)
    charge(path, "all", COST, {}, WHEN)
    charge(path, "others", Cost(5, 10), {}, WHEN)
    before = path.read_bytes()
    with pytest.raises(Refused) as caught:
        charge(path, "all", Cost(0.1, 0.2), {}, WHEN)
    assert path.read_bytes() == before
    detail = caught.value.detail
    assert detail.code == "ledger.exceeded"
    together = Cost(0.12, 0.24).epsilon(DELTA)
    for number in (Cost(0.1, 0.2).epsilon(DELTA), Cost(0.02, 0.04).epsilon(DELTA), together, 1.5, together - 1.5):
        assert f"{number:.4g}" in detail.what
    assert "Nothing was measured" in detail.do
    assert one < 1.5


def test_a_budget_may_be_used_up_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "l"
    set_budget(path, "all", Guarantee(COST.epsilon(DELTA), DELTA), WHEN)
    charge(path, "all", COST, {}, WHEN)
    with pytest.raises(Refused):
        charge(path, "all", Cost(1e-9, 1e-9), {}, WHEN)


def test_the_last_budget_counts(tmp_path: Path) -> None:
    path = tmp_path / "l"
    for epsilon in (0.01, 4.0):
        set_budget(path, "all", Guarantee(epsilon, DELTA), WHEN)
    assert budget(read(path), "all") == Guarantee(4.0, DELTA)
    assert budget(read(path), "nobody") is None
    charge(path, "all", COST, {}, WHEN)


def keep_charging(path: Path) -> int:
    """Charge a dozen times; how often it was allowed."""
    done = 0
    for _ in range(12):
        try:
            charge(path, "all", COST, {}, WHEN)
            done += 1
        except Refused:
            pass
    return done


@pytest.mark.slow
def test_two_processes_share_one_budget(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    limit = Guarantee(Cost(0.1, 0.2).epsilon(DELTA) + 1e-6, DELTA)
    set_budget(path, "all", limit, WHEN)
    with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as rivals:
        assert sum(rivals.map(keep_charging, [path, path])) == 10
    lines = read(path)
    assert len(lines) == 11
    assert spent(lines, "all").satisfies(limit)


# ---- what an older version wrote ------------------------------------------------------------------------------------

OLD = [
    {"kind": "budget", "version": 1, "population": "all", "epsilon": 4.0, "delta": 1e-6, "at": "2025-01-01T00:00:00Z"},
    {
        "kind": "charge",
        "version": 1,
        "population": "all",
        "rho_billionths": 10_000_000,
        "mu_squared_billionths": 20_000_000,
        "details": {},
        "at": "2025-02-01T00:00:00Z",
    },
]


def written(path: Path, events: list[dict[str, object]]) -> Path:
    line = None
    with path.open("w") as stream:
        for event in events:
            line = ledger.Line.after(line, event)
            stream.write(line.text() + "\n")
    return path


def test_a_ledger_of_the_first_version_is_read_and_continued(tmp_path: Path) -> None:
    path = written(tmp_path / "l", OLD)
    lines = read(path)
    assert budget(lines, "all") == Guarantee(4.0, DELTA)
    assert spent(lines, "all").rho == pytest.approx(0.01)
    assert ledger.unfinished(lines) == (), "nobody knows how that one ended"
    charge(path, "all", COST, {}, WHEN)
    assert spent(read(path), "all").rho == pytest.approx(0.02)
    with pytest.raises(Refused):
        charge(path, "all", Cost(1, 2), {}, WHEN)


# ---- the life of a charge -------------------------------------------------------------------------------------------


def test_a_charge_without_an_end_is_unfinished_and_one_with_an_end_is_not(tmp_path: Path) -> None:
    path = tmp_path / "l"
    lost, kept = (charge(path, "all", COST, {"work": work}, WHEN) for work in ("one", "two"))
    assert ledger.unfinished(read(path)) == (lost, kept)
    done = ledger.finish(path, kept.hash, "0" * 64, WHEN)
    assert done is not None
    assert done.event["charge"] == kept.sequence
    lines = read(path)
    assert ledger.unfinished(lines) == (lost,)
    assert ledger.lost(lines, "one") == (lost,)
    assert ledger.lost(lines, "two") == ledger.lost(lines, "") == ()
    assert spent(lines, "all").rho == pytest.approx(0.02), "an end refunds nothing, and so does its absence"


def test_an_end_is_written_once_and_only_where_the_charge_is(tmp_path: Path) -> None:
    path = tmp_path / "l"
    line = charge(path, "all", COST, {}, WHEN)
    first = ledger.finish(path, line.hash, "0" * 64, WHEN)
    before = path.read_bytes()
    assert ledger.finish(path, line.hash, "0" * 64, WHEN) == first
    assert ledger.finish(path, "another ledger's", "0" * 64, WHEN) is None
    assert path.read_bytes() == before


def a_line_of_each_kind(path: Path) -> Path:
    set_budget(path, "all", Guarantee(4, DELTA), WHEN, "year")
    paid = charge(path, "all", COST, {}, WHEN)
    ledger.finish(path, paid.hash, "0" * 64, WHEN)
    ledger.declare_overlap(path, "all", "others", WHEN)
    return charged(path, 1)


@pytest.mark.parametrize(
    ("line", "old", "new"),
    [
        (1, '"epsilon": 4', '"epsilon": 40'),
        (1, '"year"', '"life"'),
        (2, "2026-03-01", "2025-03-01"),
        (3, '"charge": 2', '"charge": 1'),
        (3, "0" * 64, "1" * 64),
        (4, '"with": "others"', '"with": "nobody"'),
    ],
)
def test_a_change_in_any_kind_of_line_is_found(tmp_path: Path, line: int, old: str, new: str) -> None:
    path = a_line_of_each_kind(tmp_path / "l")
    texts = path.read_text().splitlines()
    assert old in texts[line - 1]
    texts[line - 1] = texts[line - 1].replace(old, new, 1)
    rewritten(path, lambda _: texts)
    with pytest.raises(UserError) as caught:
        read(path)
    assert caught.value.detail.where.endswith(f"line {line}")


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "budget", "version": 2, "population": "all", "epsilon": 4, "delta": 1e-6, "period": "month"},
        {"kind": "budget", "version": 1, "population": "all", "epsilon": 0, "delta": 1e-6},
        {"kind": "done", "version": 1, "population": "all", "charge": -1, "measurements": "0" * 64},
        {"kind": "done", "version": 1, "population": "all", "charge": 1, "measurements": "short"},
        {"kind": "overlap", "version": 1, "population": "all", "with": "all"},
        {**OLD[1], "at": "some day"},
        {**OLD[1], "version": 2, "details": None},
    ],
)
def test_a_line_that_says_what_its_kind_cannot_say_is_damage(tmp_path: Path, event: dict[str, object]) -> None:
    path = tmp_path / "l"
    path.write_text(json.dumps({"sequence": 1, "previous": "", "event": event, "hash": ""}) + "\n")
    with pytest.raises(UserError, match="can say") as caught:
        read(path)
    assert caught.value.detail.code == "ledger.broken"


def nested(depth: int) -> object:
    return [nested(depth - 1)] if depth else "end"


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 10**300, "\ud800", nested(80)])
def test_what_could_not_be_hashed_or_added_up_is_damage(tmp_path: Path, value: object) -> None:
    path = tmp_path / "l"
    event = {"kind": "budget", "version": 1, "population": "all", "epsilon": value, "delta": 1e-6}
    path.write_text(json.dumps({"sequence": 1, "previous": "", "event": event, "hash": ""}) + "\n")
    with pytest.raises(UserError) as caught:
        read(path)
    assert caught.value.detail.code == "ledger.broken"


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\nb", "a\0b", "\ud800"])
def test_a_name_that_no_ledger_can_hold_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / "l"
    writes = (
        lambda: set_budget(path, name, Guarantee(1, 1e-6), WHEN),
        lambda: declare_overlap(path, "all", name, WHEN),
        lambda: declare_overlap(path, name, "all", WHEN),
        lambda: charge(path, name, COST, {}, WHEN),
    )
    for write in writes:
        with pytest.raises(UserError) as caught:
            write()
        assert caught.value.detail.code == "ledger.population"
    assert not path.exists()


def test_a_folder_is_no_ledger(tmp_path: Path) -> None:
    for use in (lambda: read(tmp_path), lambda: charge(tmp_path, "all", COST, {}, WHEN), lambda: read(Path())):
        with pytest.raises(UserError) as caught:
            use()
        assert caught.value.detail.code == "ledger.folder"
    assert not list(tmp_path.iterdir())
