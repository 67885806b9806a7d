"""What goes into a stage's name: everything that changes its output, and nothing that does not."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import ctdc.table
from ctdc.foundation.collaborative import SHIPPED, read
from ctdc.foundation.errors import UserError
from ctdc.privacy.accounting import Cost
from ctdc.privacy.ledger import charge
from ctdc.release.certificate.evidence import Evidence
from ctdc.release.certificate.keys import make_key, read_signing_key
from ctdc.workflow.config import Privacy, Release, Simulation
from ctdc.workflow.harmonise import CONTENT, derive_stage, key_fingerprint, simulate_stage, source_hash
from ctdc.workflow.protection import domain_hash, lost_charges, measure_stage, protect_stage
from ctdc.workflow.publish import release_info, release_stage
from ctdc.workflow.stages import Outcome, code_hash

MOMENT = datetime(2024, 5, 1, tzinfo=UTC)
PRIVACY = Privacy(epsilon=2)
RELEASE = Release(name="global")


def outcome(folder: Path, **outputs: str) -> Outcome:
    return Outcome("some", folder, "0" * 64, outputs, MOMENT, MOMENT, reused=False)


@pytest.fixture
def derived(tmp_path: Path) -> Outcome:
    (tmp_path / CONTENT).write_text("ab" * 32 + "\n")
    return outcome(tmp_path)


def test_a_delivery_is_named_by_its_content(tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("x")
    other.write_text("x")
    assert source_hash(one) == source_hash(other)
    other.write_text("y")
    assert source_hash(one) != source_hash(other)
    assert source_hash(tmp_path) not in {source_hash(one), source_hash(other)}


def test_a_delivery_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        source_hash(tmp_path / "none.csv")
    assert caught.value.detail.code == "run.no_source"


def test_the_fingerprint_of_a_key_says_nothing_about_it() -> None:
    key = bytes(range(32))
    assert key_fingerprint(key) == key_fingerprint(bytes(range(32))) != key_fingerprint(bytes(32))
    assert key.hex() not in key_fingerprint(key)


def test_the_code_of_a_room_has_a_hash() -> None:
    assert code_hash("foundation") == code_hash("foundation") != code_hash("table")


@pytest.mark.parametrize("name", ["presentation.toml", "texts/en.toml", "collaborative.toml", "standard/labels.csv"])
def test_what_a_collaborative_sets_is_code_to_the_stages_that_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = Path(shutil.copytree(SHIPPED.parent / "work-accidents", tmp_path / "own"))
    monkeypatch.setattr("ctdc.workflow.stages.current", lambda: read(folder))
    rooms = (("release", "standard", "table"), ("privacy", "table"), ("vault",))
    before = [code_hash.__wrapped__(*one) for one in rooms]
    with (folder / name).open("a", encoding="utf-8") as stream:
        stream.write("# another word\n")
    after = [code_hash.__wrapped__(*one) for one in rooms]
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, False, True]


def test_what_compilers_leave_behind_is_not_a_change_of_code() -> None:
    before = code_hash("table")
    left = Path(ctdc.table.__file__).parent / "__pycache__" / "count.test-only.nbi"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"compiled")
    try:
        assert code_hash("table") == before
    finally:
        left.unlink()


def test_a_measurement_is_named_by_content_domain_and_parameters(derived: Outcome, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    first = measure_stage(derived, PRIVACY, RELEASE, ledger)
    assert first.paid
    assert set(first.inputs) == {
        "columns",
        "profile",
        "domain",
        "population",
        "epsilon",
        "delta",
        "length",
    }
    same = [
        measure_stage(derived, PRIVACY, RELEASE, tmp_path / "elsewhere.jsonl"),
        measure_stage(
            derived, PRIVACY, RELEASE.model_copy(update={"terms": "CC BY 4.0", "titles": {"en": "T"}}), ledger
        ),
        measure_stage(derived, PRIVACY.model_copy(update={"population": "global"}), RELEASE, ledger),
        measure_stage(derived, PRIVACY.model_copy(update={"threshold": 20, "seed": 7}), RELEASE, ledger),
        measure_stage(derived, PRIVACY.model_copy(update={"facts": False}), RELEASE, ledger),
    ]
    assert {stage.key for stage in same} == {first.key}
    others = [
        measure_stage(derived, PRIVACY.model_copy(update={"epsilon": 3.0}), RELEASE, ledger),
        measure_stage(derived, PRIVACY.model_copy(update={"delta": 1e-9}), RELEASE, ledger),
        measure_stage(derived, PRIVACY.model_copy(update={"population": "others"}), RELEASE, ledger),
        measure_stage(derived, PRIVACY, Release(name="global", profile="synthetic-2024"), ledger),
    ]
    (tmp_path / CONTENT).write_text("cd" * 32 + "\n")
    others.append(measure_stage(derived, PRIVACY, RELEASE, ledger))
    assert len({first.key, *(stage.key for stage in others)}) == 1 + len(others)


def test_what_was_measured_can_be_published_in_another_way_for_nothing(tmp_path: Path) -> None:
    measured = outcome(tmp_path, **{"protected/measurements.parquet": "ab"})
    first = protect_stage(measured, PRIVACY, RELEASE)
    assert not first.paid
    assert first.key != protect_stage(measured, PRIVACY.model_copy(update={"threshold": 20}), RELEASE).key
    assert first.key != protect_stage(measured, PRIVACY.model_copy(update={"facts": False}), RELEASE).key


def test_columns_with_and_without_facts_are_other_columns(tmp_path: Path) -> None:
    combined = outcome(tmp_path, **{"cases.parquet": "ab"})
    keys = {derive_stage(combined, "synthetic-2024", facts).key for facts in (True, False)}
    assert len(keys) == 2


def test_profiles_with_other_columns_or_codes_are_other_domains() -> None:
    hashes = {domain_hash(name) for name in ("synthetic-2021", "synthetic-2024", "synthetic-2026")}
    assert len(hashes) == 3


def test_an_unknown_profile_is_an_error_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="synthetic-2042"):
        derive_stage(outcome(tmp_path, **{"cases.parquet": "ab"}), "synthetic-2042")


def test_a_release_is_dated_by_its_measurement_so_that_it_can_be_built_again(tmp_path: Path) -> None:
    protected = outcome(tmp_path, **{"protected/privacy.json": "ab"})
    measured = MOMENT
    stage = release_stage(protected, measured, RELEASE, tmp_path)
    assert stage.inputs["measured"] == "2024-05-01T00:00:00Z"
    assert stage.key == release_stage(protected, measured, RELEASE, tmp_path / "other").key
    assert stage.key != release_stage(protected, measured, Release(name="global", version="2"), tmp_path).key
    assert not stage.paid


def test_another_key_or_other_evidence_makes_another_certificate(tmp_path: Path) -> None:
    protected = outcome(tmp_path, **{"protected/privacy.json": "ab"})
    make_key(tmp_path / "key.pem")
    plain = release_stage(protected, MOMENT, RELEASE, tmp_path)
    signed = release_stage(protected, MOMENT, RELEASE, tmp_path, key=read_signing_key(tmp_path / "key.pem"))
    informed = release_stage(protected, MOMENT, RELEASE, tmp_path, Evidence(approvers=("A",)))
    assert len({plain.key, signed.key, informed.key}) == 3
    assert (tmp_path / "key.pem").read_text().splitlines()[1] not in str(signed.inputs)


def test_words_that_a_plan_leaves_out_take_the_default() -> None:
    assert release_info(RELEASE).publisher
    assert release_info(Release(name="a", publisher="Ours", sources=("B",))).publisher == "Ours"
    assert release_info(Release(name="a", simulated=True)).simulated
    assert not release_info(RELEASE).simulated


def test_a_simulation_is_named_by_its_parameters() -> None:
    keys = {simulate_stage(Simulation(cases=cases, seed=seed)).key for cases in (10, 11) for seed in (1, 2)}
    assert len(keys) == 4


def test_an_attempt_that_was_cut_off_before_paying_is_not_worth_a_word(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    began = "2024-05-01T00:00:00Z"
    assert lost_charges([], ledger, "global") == ""
    assert lost_charges([began], ledger, "global") == ""
    charge(ledger, "global", Cost(0.1, 0.2), {}, MOMENT - timedelta(days=1))
    charge(ledger, "others", Cost(0.1, 0.2), {}, MOMENT)
    assert lost_charges([began], ledger, "global") == ""
    charge(ledger, "global", Cost(0.1, 0.2), {}, MOMENT)
    said = lost_charges([began, "2024-05-02T00:00:00Z"], ledger, "global")
    assert "1 charge(s) for 'global'" in said
    assert "charged again" in said
    assert "2024-05-02T00:00:00Z" in said


def test_a_workload_is_an_input_by_its_content_and_its_absence_is_none(derived: Outcome, tmp_path: Path) -> None:
    """What was paid for before there were workloads stays paid for."""

    def inputs(privacy: Privacy) -> list[dict[str, object]]:
        measured = measure_stage(derived, privacy, RELEASE, tmp_path / "l.jsonl")
        return [dict(stage.inputs) for stage in (measured, protect_stage(outcome(tmp_path), privacy, RELEASE))]

    assert all("workload" not in one for one in inputs(PRIVACY))
    (tmp_path / "w.toml").write_text("length = 2")
    (tmp_path / "copy.json").write_text('{"length": 2}')
    first, same = (inputs(Privacy(epsilon=2, workload=tmp_path / name)) for name in ("w.toml", "copy.json"))
    assert first == same
    (tmp_path / "w.toml").write_text('length = 2\nscheme = "cells"')
    changed = inputs(Privacy(epsilon=2, workload=tmp_path / "w.toml"))
    assert all(before != after for before, after in zip(first, changed, strict=True))
