"""The games: what is drawn anew is what the gate asks for, parts survive a stop, and a report says what was found."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ks_2samp
from tests.support.engine import Integers, Listener

import ctdc.privacy.attacks.audit as module
from ctdc.foundation.errors import Cancelled, UserError
from ctdc.foundation.progress import Silent
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.attacks.audit import AuditSettings, Report, audit, code_version
from ctdc.privacy.attacks.claims import INCONCLUSIVE, REJECTED, SHOWN
from ctdc.privacy.attacks.gate import Exact, Gate, gate_of
from ctdc.privacy.attacks.measured import ALL, LENGTH, MeasuredGame
from ctdc.privacy.attacks.people import INVENTED, INVENTED_LINKED, pairs
from ctdc.privacy.attacks.whole import ATTACKS, FAILURE, WholeGame
from ctdc.privacy.domain import Domain
from ctdc.privacy.settings import Settings
from ctdc.table.coded import CodedTable
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

GUARANTEE = Guarantee(2.0, 1e-6)
TINY = Schema((Variable("flag", ("1",)), Variable("area", ("north", "south"))))
WIDE = Schema((*TINY.variables, Variable("country", tuple(f"c{number}" for number in range(1, 34)))))
RANDOM = np.random.default_rng


class Questions:
    """Remembers what the noise was asked for, and adds none."""

    publishable = False

    def __init__(self) -> None:
        self.asked: list[tuple[float, int, list[int]]] = []

    def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
        self.asked.append((scale, squared_sensitivity, exact.tolist()))
        return Exact().add(exact, scale, squared_sensitivity)


@pytest.mark.parametrize("domain", [INVENTED, INVENTED_LINKED], ids=["one table", "linked"])
def test_noise_is_drawn_anew_as_the_gate_asks_for_it(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    """One table a call, where the gate puts those of one scale into one call: the same numbers, scales and costs."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    gate = gate_of(domain, GUARANTEE, 3)
    people = pairs(domain, RANDOM(1))[0].having
    whole, parts = Questions(), Questions()
    gate.measure(people, whole)
    dict(Gate(gate.domain, gate.plan, gate.claim, parts).draw(people, 1))
    together = [
        (scale, sum(squared for _, squared, _ in same), [number for *_, numbers in same for number in numbers])
        for scale, group in itertools.groupby(parts.asked, lambda one: one[0])
        for same in [list(group)]
    ]
    assert whole.asked == together


@pytest.mark.parametrize("runs", [1, 2, 7])
def test_runs_do_not_mix_their_numbers(runs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctdc.privacy.attacks.gate.DRAWN_AT_ONCE", 12)
    gate = gate_of(TINY, GUARANTEE, 2)
    people = pairs(TINY, RANDOM(1))[0].having
    exact = gate.exact(people)
    for key, drawn in Gate(gate.domain, gate.plan, gate.claim, Exact()).draw(people, runs):
        assert drawn.shape == (runs, exact[key].size)
        assert (drawn == exact[key].ravel()).all()


@pytest.mark.slow
@pytest.mark.statistical
def test_drawing_the_noise_anew_is_as_good_as_running_the_gate_anew() -> None:
    """Kolmogorov-Smirnov on the scores of the ideal attacker. False alarm: 1e-6 for each world."""
    gate = gate_of(TINY, GUARANTEE, 2)
    game = MeasuredGame(gate, pairs(TINY, RANDOM(1))[0])
    for people in game.pair.worlds:
        assert ks_2samp(game._replayed(people, 200)[0], game._whole_run(people, 200)[0]).pvalue > 1e-6


@pytest.mark.slow
@pytest.mark.statistical
def test_the_score_of_the_ideal_attacker_is_as_far_apart_as_the_person_moves() -> None:
    """Means differ by mu^2 with variance mu^2 each. False alarm: below 1e-6 (five standard errors)."""
    gate = gate_of(INVENTED, GUARANTEE, 3)
    scores = MeasuredGame(gate, pairs(INVENTED, RANDOM(1))[0]).play(2000)[:, 0]
    squared = 2 * gate.claim.rho
    apart = scores[1].mean() - scores[0].mean()
    assert abs(apart - squared) < 5 * np.sqrt(2 * squared / 2000)


@pytest.mark.slow
def test_where_the_gate_chooses_what_to_measure_it_is_run_as_a_whole() -> None:
    gate = gate_of(WIDE, GUARANTEE, 3)
    assert gate.adaptive
    game = MeasuredGame(gate, pairs(WIDE, RANDOM(1))[0])
    scores = game.play(20)
    assert scores.shape == (2, 2 + len(gate.plan.measurements), 20)
    assert len(set(scores[0, -1])) > 1, "how much was measured depends on the noise"
    assert not any(one.rejected for one in game.judged(scores, gate.claim, 0.01))


def check_of_one_run(domain: Domain) -> None:
    gate = gate_of(domain, GUARANTEE, 2)
    for pair in pairs(domain, RANDOM(1), others=20)[:2]:
        scores = WholeGame(gate, pair, Settings(GUARANTEE, 2), itertools.count().__next__).play(1)
        assert scores.shape == (2, len(ATTACKS), 1)
        assert np.isfinite(scores).all()
        assert (scores[:, ATTACKS.index(FAILURE)] == 0).all()
        assert (scores[:, ATTACKS.index("run time")] == 1).all(), "the stopwatch is read before and after"
        records, alike = (
            scores[:, ATTACKS.index(name)] for name in ("synthetic records", "records that look like the person")
        )
        assert (alike <= records).all()
        assert (scores[:, ATTACKS.index("size of the files")] > 1000).all()


@pytest.mark.slow
def test_a_whole_protection_is_played() -> None:
    check_of_one_run(TINY)


@pytest.mark.heavy
def test_a_whole_protection_of_linked_tables_is_played() -> None:
    check_of_one_run(INVENTED_LINKED)


@pytest.mark.slow
def test_a_protection_that_fails_is_seen_as_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise UserError("x", "It cannot be done.")

    monkeypatch.setattr("ctdc.privacy.attacks.whole.protect", refuse)
    gate = gate_of(TINY, GUARANTEE, 2)
    scores = WholeGame(gate, pairs(TINY, RANDOM(1))[0], Settings(GUARANTEE, 2), itertools.count().__next__).play(1)
    assert (scores[:, ATTACKS.index(FAILURE)] == 1).all()
    assert (scores[:, 0] == -np.inf).all()


@pytest.mark.heavy
@pytest.mark.statistical
def test_the_end_to_end_game_in_short() -> None:
    """80 whole protections a world: nothing is rejected. False alarm: at most 1e-3. So few show no power."""
    gate = gate_of(TINY, GUARANTEE, 2)
    pair = pairs(TINY, RANDOM(1), others=50)[0]
    game = WholeGame(gate, pair, Settings(GUARANTEE, 2), itertools.count().__next__)
    assert not any(one.rejected for one in game.judged(game.play(80), gate.claim, 1e-3))


def small(runs: int = 60, **more: object) -> AuditSettings:
    return AuditSettings(GUARANTEE, 2, runs, **more)  # type: ignore[arg-type]


def run(folder: Path, settings: AuditSettings, listener: object = None, workers: int = 1) -> Report:
    stopwatch = itertools.count().__next__
    progress = listener or Silent()
    return audit({"single": TINY}, settings, folder / "parts", stopwatch=stopwatch, progress=progress, workers=workers)  # type: ignore[arg-type]


class StopsAfter(Listener):
    """Cancels when so many games have moved on."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left, self.games = left, 0

    def start(self, task: str, total: float | None = None) -> None:
        self.playing = task.startswith("Playing")

    def advance(self, amount: float = 1.0) -> None:
        self.games += self.playing
        if self.games > self.left:
            raise Cancelled("cancelled", "Enough.")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "PART", 20)
    yield


@pytest.mark.slow
def test_an_audit_that_was_stopped_goes_on_where_it_was(tmp_path: Path, small_parts: None) -> None:
    """What was drawn before stays, so nobody can stop and repeat until the result looks good."""
    with pytest.raises(Cancelled):
        run(tmp_path, small(), StopsAfter(5))
    before = {path.name: path.read_bytes() for path in (tmp_path / "parts").iterdir()}
    assert len(before) == 6
    report = run(tmp_path, small())
    kept = {path.name: path.read_bytes() for path in (tmp_path / "parts").iterdir()}
    assert len(kept) == 3 * 6
    assert before.items() <= kept.items()
    assert len(report.results) == 3 * 6


@pytest.mark.slow
def test_parts_of_another_audit_are_not_used(tmp_path: Path, small_parts: None) -> None:
    with pytest.raises(Cancelled):
        run(tmp_path, small(), StopsAfter(5))
    listener = Listener()
    run(tmp_path, small(seed=2), listener)
    assert listener.events.count(("advance", 20)) == 3 * 6


@pytest.mark.heavy
def test_several_processes_play_the_same_games(tmp_path: Path, small_parts: None) -> None:
    report = run(tmp_path, small(), workers=2)
    assert [one.finding.runs for one in report.results] == [48] * 18


@pytest.mark.slow
def test_a_report_says_what_was_claimed_found_and_run(tmp_path: Path) -> None:
    report = run(tmp_path, small(1500))
    assert report.verdict in {SHOWN, INCONCLUSIVE}
    assert report.as_dict()["verdict"] == report.verdict
    attacks = report.as_dict()["attacks"]
    assert {one["attack"] for one in attacks} >= {ALL, LENGTH}
    line = report.line(report.results[0])
    for part in (
        "epsilon 2",
        "delta 1e-06",
        "mu 0.4",
        "1,200 runs",
        "false positives",
        "at least",
        code_version()["source"],
    ):
        assert part in line


def test_only_the_first_people_are_played_where_that_is_asked(tmp_path: Path) -> None:
    report = run(tmp_path, small(20, people=2))
    assert [one.person for one in report.checked] == [pair.name for pair in pairs(TINY, RANDOM(1))[:2]]


def test_too_few_runs_are_inconclusive(tmp_path: Path) -> None:
    assert run(tmp_path, small(20)).verdict == INCONCLUSIVE


def test_a_person_who_moves_too_far_rejects_whatever_the_games_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "replayed", lambda *_: ["numbers"])
    assert run(tmp_path, small(20)).verdict == REJECTED


@pytest.mark.parametrize(
    "wrong", [{"runs": 3}, {"runs": -5}, {"whole_runs": 1}, {"runs": 0}, {"risk": 0}, {"risk": 1.5}, {"people": -1}]
)
def test_settings_that_show_nothing_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UserError) as error:
        AuditSettings(GUARANTEE, 2, **wrong)  # type: ignore[arg-type]
    assert error.value.detail.code.startswith("audit.")


def test_what_would_take_days_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        run(tmp_path, small(10**9))
    assert error.value.detail.code == "audit.too_long"


def test_pairs_differ_by_one_person_and_follow_from_the_seed() -> None:
    for one, same in zip(pairs(INVENTED, RANDOM(5), 30), pairs(INVENTED, RANDOM(5), 30), strict=True):
        assert isinstance(one.without, CodedTable)
        assert isinstance(one.having, CodedTable)
        assert one.having.rows == one.without.rows + 1
        np.testing.assert_array_equal(one.having.matrix()[:, :-1], one.without.matrix())
        np.testing.assert_array_equal(one.having.matrix(), same.having.matrix())  # type: ignore[union-attr]
