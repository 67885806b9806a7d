"""What a certificate says of the ledger: the account at the moment of the charge, amounts only."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.support.engine import WHEN
from tests.unit.release.certificate.test_evidence import AUDIT, TWIN

from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_bytes
from ctdc.privacy import ledger
from ctdc.privacy.accounting import Cost
from ctdc.release.certificate.evidence import evidence_from
from ctdc.workflow.evidence import account, evidence_for

COST = Cost(0.35, 0.7)
DELTA = 1e-6


def paid(path: Path, content: bytes, when: datetime = WHEN, population: str = "all") -> str:
    """Charge, and note that `content` is what was measured."""
    line = ledger.charge(path, population, COST, {}, when)
    ledger.finish(path, line.hash, hash_bytes(content), when)
    return hash_bytes(content)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def test_before_and_after_are_those_of_the_charge_whenever_one_asks(path):
    first, second = paid(path, b"one"), paid(path, b"two")
    found = account(path, [second], "all", DELTA)
    assert found is not None
    assert found["charges_before"] == 1
    assert found["before"] == account(path, [first], "all", DELTA)["after"]
    assert account(path, [first], "all", DELTA)["before"] == {"rho": 0.0, "epsilon": 0.0}
    paid(path, b"three")
    assert account(path, [second], "all", DELTA) == found


def test_a_run_knows_its_charge_even_where_the_file_was_written_anew(path):
    first = ledger.charge(path, "all", COST, {}, WHEN)
    paid(path, b"another")
    found = account(path, [hash_bytes(b"written anew")], "all", DELTA, first.hash)
    assert found["charges_before"] == 0
    assert account(path, [hash_bytes(b"written anew")], "all", DELTA, "no such line") is None


def test_amounts_are_the_ledger_s_rounded_up(path):
    found = account(path, [paid(path, b"one")], "all", DELTA)
    assert COST.rho <= found["after"]["rho"] <= COST.rho + 2e-6
    assert COST.epsilon(DELTA) <= found["after"]["epsilon"] <= COST.epsilon(DELTA) + 2e-6


def test_charges_whose_result_was_lost_count(path):
    ledger.charge(path, "all", COST, {}, WHEN)
    assert account(path, [paid(path, b"one")], "all", DELTA)["charges_before"] == 1


def test_other_populations_do_not(path):
    paid(path, b"other", population="others")
    assert account(path, [paid(path, b"one")], "all", DELTA)["charges_before"] == 0


def test_no_hash_and_no_time_of_the_ledger_is_told(path):
    """From a line's hash somebody could find out, by trying all times, how long measuring took."""
    slow = WHEN + timedelta(minutes=7)
    line = ledger.charge(path, "all", COST, {"plan_hash": "secret-plan"}, WHEN)
    ledger.finish(path, line.hash, hash_bytes(b"one"), slow)
    told = json.dumps(account(path, [hash_bytes(b"one")], "all", DELTA))
    for line in ledger.read(path):
        assert line.hash not in told
        assert str(line.event["at"]) not in told
    assert "secret" not in told


def test_a_ledger_that_knows_nothing_of_it_gives_no_account(path):
    paid(path, b"one")
    assert account(path, [hash_bytes(b"another")], "all", DELTA) is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What protecting wrote, as far as evidence is concerned."""
    out = tmp_path / "protected"
    out.mkdir()
    facts = dict.fromkeys(("unit", "neighbours", "mu", "publishable"))
    facts |= {"rho": 0.35, "length": 3, "threshold": 10, "total": {"count": 1.0, "standard_error": 1.0}}
    facts |= {"epsilon": 4.0, "delta": DELTA, "population": "all", "engine_version": "2"}
    (out / "privacy.json").write_text(json.dumps(facts))
    (out / "measurements.parquet").write_bytes(b"one")
    return out


def test_files_become_evidence(folder, path, tmp_path):
    paid(path, b"one")
    audit, twin = tmp_path / "audit.json", tmp_path / "twin.json"
    audit.write_text(json.dumps(AUDIT))
    twin.write_text(json.dumps(TWIN))
    found = evidence_for(folder, path, audit, twin)
    assert found.ledger["population"] == "all"
    assert evidence_from(found.as_dict()) == found


def test_the_measurements_of_a_release_are_in_its_data_folder(folder, path):
    paid(path, b"one")
    (folder / "data").mkdir()
    (folder / "measurements.parquet").rename(folder / "data" / "measurements.parquet")
    assert evidence_for(folder, path).ledger["charges_before"] == 0


def test_the_wrong_ledger_is_refused(folder, path):
    paid(path, b"another")
    with pytest.raises(UserError) as caught:
        evidence_for(folder, path)
    assert caught.value.detail.code == "certificate.ledger"


def of_cohorts(folder: Path, *cohorts: tuple[str, bytes]) -> None:
    facts = json.loads((folder / "privacy.json").read_text())
    listed = [{"population": name, "measurements_sha256": hash_bytes(content)} for name, content in cohorts]
    (folder / "privacy.json").write_text(json.dumps({**facts, "population": cohorts[-1][0], "cohorts": listed}))


def test_of_cohorts_the_most_that_any_of_their_people_spent_is_stated(folder, path):
    """People of an older cohort may have paid before, while those of the newest had not."""
    paid(path, b"earlier release of the old", population="all/old")
    paid(path, b"old", population="all/old")
    old = account(path, [hash_bytes(b"old")], "all/old", DELTA)
    paid(path, b"new", population="all/new")
    of_cohorts(folder, ("all/old", b"old"), ("all/new", b"new"))
    found = evidence_for(folder, path).ledger
    assert found["population"] == "all/new"
    assert (found["before"], found["after"], found["charges_before"]) == (old["before"], old["after"], 1)
    assert account(path, [hash_bytes(b"new")], "all/new", DELTA)["charges_before"] == 0


def test_a_ledger_that_lacks_the_charge_of_a_cohort_is_refused(folder, path):
    paid(path, b"one", population="all/new")
    of_cohorts(folder, ("all/old", b"old"), ("all/new", b"one"))
    with pytest.raises(UserError) as caught:
        evidence_for(folder, path)
    assert caught.value.detail.code == "certificate.ledger"
