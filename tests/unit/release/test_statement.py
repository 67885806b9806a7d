"""The words about privacy say what the numbers say."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdc.release.attacker import FALSE_ALARM_SHARES
from ctdc.release.meaning import meaning, meaning_of, noticed, noticed_of
from ctdc.release.statement import LIMITS, privacy_statement
from ctdc.standard.languages import LANGUAGES

FACTS = {"epsilon": 12.0, "delta": 5.8e-6, "mu": 2.274, "length": 3, "threshold": 10}


@pytest.mark.parametrize(
    ("mu", "accuracy", "recognised"), [(0.260, 0.55, 0.02), (0.902, 0.67, 0.08), (2.274, 0.87, 0.48)]
)
def test_known_values(mu, accuracy, recognised):
    facts = meaning(1, 1e-6, mu)
    assert round(facts.accuracy, 2) == accuracy
    assert round(facts.recognised, 2) == recognised


@given(st.floats(0.01, 20), st.floats(1e-9, 1e-4))
def test_bounds_without_mu_are_probabilities_and_never_below_a_coin(epsilon, delta):
    facts = meaning(epsilon, delta, None)
    assert 0.5 <= facts.accuracy <= 1
    assert 0.01 <= facts.recognised <= 1


def test_bounds_without_mu_hold_for_randomised_response():
    """Randomised response of the largest bias that epsilon allows reaches the accuracy bound exactly."""
    assert meaning(1.0, 0.0, None).accuracy == pytest.approx(math.e / (1 + math.e))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_states_the_numbers(language):
    text = " ".join(
        p for section in privacy_statement(language, FACTS) for p in (*section.paragraphs, *section.bullets)
    )
    assert "88" in text and "48" in text  # rounded up, as "at most" wants
    assert "0.0000058" in text or "0,0000058" in text
    assert "{" not in text


def test_high_epsilon_is_called_high():
    sections = privacy_statement("en", FACTS)
    assert any("weaker than experts prefer" in p for section in sections for p in section.paragraphs)
    assert "strong protection" in str(privacy_statement("en", {**FACTS, "epsilon": 1.0, "mu": 0.26}))


@pytest.mark.parametrize("language", LANGUAGES)
def test_longer_sets_that_were_measured_are_said(language):
    def paragraphs(**more):
        sections = privacy_statement(language, FACTS | more)
        return next(section for section in sections if section.anchor == "counts").paragraphs

    plain = paragraphs()
    assert len(plain) == 1
    assert paragraphs(workload={"sets": [["a", "b"]]}) == plain
    named = paragraphs(workload={"sets": [["a", "b"], *([["a", "b", "c", str(n)] for n in range(17)])]})
    assert named[:1] == plain
    assert "17" in named[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_statement_says_what_an_attacker_could_learn_and_what_is_not_covered(language):
    sections = {section.anchor: section for section in privacy_statement(language, FACTS)}
    assert list(sections).index("attacker") == list(sections).index("numbers") + 1
    assert len(sections["attacker"].table.rows) == len(FALSE_ALARM_SHARES)
    assert len(sections["could"].bullets) == 3
    assert len(sections["could-not"].bullets) == 4
    assert len(sections["limits"].bullets) == len(LIMITS) == 9
    assert list(sections)[-1] == "limits"


def test_what_an_attacker_notices_follows_from_the_guarantee():
    table = next(section.table for section in privacy_statement("en", FACTS) if section.anchor == "attacker")
    for alarms, row in zip(FALSE_ALARM_SHARES, table.rows, strict=True):
        shown, exact = float(row[1].rstrip("%")) / 100, noticed_of(FACTS, alarms)
        assert exact <= shown + 1e-9 < exact + 0.01 + 1e-6
        assert noticed(alarms, 1.0, 0.0, 0.0) == pytest.approx(alarms)
    assert noticed_of(FACTS, 0.01) == meaning_of(FACTS).recognised
