"""The page on attacks says what is stored, and its form of the report is that of the program."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from benchmarks.attacks import PAGE, PICTURE, page_text, picture, stored
from tests.support.crowds import crowd, mixed

from ctdc.privacy.attacks.candidates import Candidate, coded_candidate
from ctdc.privacy.attacks.claims import Claim
from ctdc.privacy.attacks.difference import FOUND, NOTHING
from ctdc.privacy.attacks.findings import ATTACKS, CHECKS, UNFIT, AttackSettings
from ctdc.privacy.attacks.release import attack_release

CPU_SECONDS = 60  # what attacks on 200,000 people with 27 columns may cost


def test_the_tables_and_the_plot_are_those_of_the_stored_results() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_text(stored()), "run python -m benchmarks.attacks page"
    assert PICTURE.read_text(encoding="utf-8") == picture(stored()["real-2021"])


def test_the_planted_leaks_that_are_stored_were_found_and_nothing_else() -> None:
    verdicts = {one["name"]: one["verdict"] for one in stored()["planted"]["candidates"]}
    assert verdicts.pop("nobody copied") == NOTHING
    assert set(verdicts.values()) == {FOUND}
    assert len(verdicts) == 3


def test_members_and_control_of_what_is_stored_were_alike() -> None:
    for name, document in stored().items():
        assert document["verdict"] != UNFIT, name
        assert "machine" in document


def test_the_large_file_was_attacked_for_less_than_the_bar() -> None:
    large = stored()["large"]
    assert min(large["members"], large["control"]) > 198_000  # of 200,000 invented cases, those who consent
    assert len(large["columns"]) == 27
    assert large["cost"]["cpu_seconds"] < CPU_SECONDS


def test_no_stored_result_holds_anything_but_statistics() -> None:
    """Texts are names of files, columns, attacks and verdicts; all else are numbers."""
    known = {*ATTACKS, *CHECKS, *(group for groups in ATTACKS.values() for group in groups)}
    for document in stored().values():
        for one in [*document["check"], *(each for file in document["candidates"] for each in file["attacks"])]:
            texts = {value for key, value in one.items() if isinstance(value, str) and key != "verdict"}
            assert texts <= known


def keys_of(value: Any) -> Any:
    """The form of a JSON value: names of objects' members, and the form of a list's first one."""
    if isinstance(value, dict):
        return {key: keys_of(one) for key, one in value.items()}
    return [keys_of(value[0])] if isinstance(value, list) and value else None


@pytest.mark.slow
def test_the_form_of_the_report_is_the_one_on_the_page() -> None:
    block = re.search(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert block is not None
    shown = keys_of(json.loads(block.group(1)))
    members = crowd(1000, 1)
    leak = mixed(members, crowd(1000, 3), 0.9)
    file = coded_candidate("a", leak)
    claimed = Candidate("a", file.schema, file.nodes, file.coarse, None, Claim(1.0, 1e-6, 0.1, 0.2, 0.2), "release")
    report = attack_release(members, crowd(1000, 2), [claimed], AttackSettings(attacks=200)).as_dict()
    made = keys_of(report)
    assert made["candidates"][0]["attacks"][0].keys() <= made["check"][0].keys() | {"targets"}
    made["check"] = [{key: made["check"][0][key] for key in shown["check"][0]}]
    assert made == shown


def test_the_page_names_every_attack_and_target() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in (*ATTACKS, *CHECKS, *(group for groups in ATTACKS.values() for group in groups)):
        assert f"`{name}`" in text


def test_the_page_does_not_end_before_its_findings() -> None:
    assert "FINDINGS" not in PAGE.read_text(encoding="utf-8")
    assert Path(PICTURE).is_file()
