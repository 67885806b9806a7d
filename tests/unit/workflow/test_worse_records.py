"""A run tells when its records are worth less than columns drawn alone."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ctdc.workflow.protection import protected_folder, worse_records
from ctdc.workflow.stages import Outcome

WHEN = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("statement", "said"),
    [({"worse_than_alone": [2, 3]}, "2 and 3 variables"), ({"worse_than_alone": []}, ""), ({}, "")],
)
def test_it_is_said_for_which_combinations(tmp_path: Path, statement: dict[str, object], said: str) -> None:
    outcome = Outcome("protect", tmp_path, "k", {}, WHEN, WHEN, reused=False)
    protected_folder(outcome).mkdir()
    (protected_folder(outcome) / "privacy.json").write_text(json.dumps(statement))
    sentence = worse_records(outcome)
    assert said in sentence
    assert bool(sentence) == bool(said)
