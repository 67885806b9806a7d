"""Nine engines with one mistake each, and the engine as it is: what the audit says of them."""

import numpy as np
import pytest
from tests.mutants.variants import (
    ATTACK,
    DISTANCE,
    FILLS,
    LINKED,
    MIDDLE,
    MUTANTS,
    REPLAY,
    SINGLE,
    THRESHOLD,
    Mutant,
    true_gate,
)

from ctdc.privacy.attacks.claims import Finding
from ctdc.privacy.attacks.gate import Gate
from ctdc.privacy.attacks.measured import ALL, MeasuredGame
from ctdc.privacy.attacks.people import Pair, pairs
from ctdc.privacy.attacks.replay import SEEDS, distance, replayed

pytestmark = [pytest.mark.slow, pytest.mark.statistical]

RISK = 1e-3
EACH = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)


def pair_of(gate: Gate, start: str, seed: int = 1) -> Pair:
    return next(pair for pair in pairs(gate.domain, np.random.default_rng(seed)) if pair.name.startswith(start))


def is_seen_in_a_replay(gate: Gate, pair: Pair) -> bool:
    return bool(replayed(gate, pair, SEEDS))


def moves_too_far(gate: Gate, pair: Pair) -> bool:
    try:
        far = distance(gate, pair)
    except ValueError:
        return True
    return bool(far.too_far) or far.mu > gate.claim.mu * (1 + 1e-9)


def attacked(gate: Gate, pair: Pair, runs: int, risk: float = RISK) -> list[Finding]:
    game = MeasuredGame(gate, pair)
    return game.judged(game.play(runs), gate.claim, risk)


@EACH
def test_a_replay_catches_what_gets_past_the_noise(mutant: Mutant) -> None:
    gate = mutant.gate()
    assert is_seen_in_a_replay(gate, pair_of(gate, mutant.person)) == (REPLAY in mutant.caught)


@EACH
def test_the_distance_catches_whom_the_noise_is_too_small_for(mutant: Mutant) -> None:
    gate = mutant.gate()
    assert moves_too_far(gate, pair_of(gate, mutant.person)) == (DISTANCE in mutant.caught)


@EACH
def test_the_attack_on_the_measurements_catches_every_mutant(mutant: Mutant) -> None:
    """At a risk of 0.01 for the true engine. Missed with probability below 1e-5 each: the weakest, a quarter less
    noise, is more than four standard errors beyond what is needed.
    """
    gate = mutant.gate()
    assert ATTACK in mutant.caught
    assert any(one.rejected for one in attacked(gate, pair_of(gate, mutant.person), mutant.runs, 0.01))


@pytest.mark.parametrize("start", [FILLS, THRESHOLD])
def test_the_engine_as_it_is_passes_what_catches_its_mutants(start: str) -> None:
    """False alarm: at most 1e-3."""
    gate = true_gate(SINGLE)
    pair = pair_of(gate, start)
    assert not is_seen_in_a_replay(gate, pair)
    assert not moves_too_far(gate, pair)
    assert not any(one.rejected for one in attacked(gate, pair, 2000))


def test_the_engine_for_linked_tables_passes_what_catches_its_mutant() -> None:
    """False alarm: at most 1e-3."""
    gate = true_gate(LINKED)
    pair = pair_of(gate, MIDDLE)
    assert not is_seen_in_a_replay(gate, pair)
    assert not moves_too_far(gate, pair)
    assert not any(one.rejected for one in attacked(gate, pair, 2000))


@pytest.mark.parametrize(("domain", "runs"), [(SINGLE, 2000), (LINKED, 500)], ids=["single", "linked"])
def test_the_true_engine_is_not_rejected_over_twenty_seeds(domain: object, runs: int) -> None:
    """Twenty audits with twenty invented crowds. False alarm: at most 1e-3 over all of them (5e-5 each)."""
    gate = true_gate(domain)  # type: ignore[arg-type]
    for seed in range(20):
        people = pairs(gate.domain, np.random.default_rng(seed))
        for found in attacked(gate, people[seed % len(people)], runs, RISK / 20):
            assert not found.rejected, f"seed {seed}: {found}"


@pytest.mark.parametrize("domain", [SINGLE, LINKED], ids=["single", "linked"])
def test_the_audit_shows_its_power(domain: object) -> None:
    """At least 0.6 of the claimed mu with 10,000 runs a world. Fails by chance with probability below 1e-3."""
    gate = true_gate(domain)  # type: ignore[arg-type]
    game = MeasuredGame(gate, pairs(gate.domain, np.random.default_rng(1))[0])
    found = game.judged(game.play(10_000), gate.claim, 0.05)[0]
    assert found.attack == ALL
    assert found.mu >= 0.6 * gate.claim.mu
    assert not found.rejected
