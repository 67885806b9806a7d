"""What a certificate takes from beside a release, and what it refuses."""

import json
from pathlib import Path

import pytest

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import hash_file
from ctdc.release.certificate.evidence import Evidence, evidence_from, read_audit, read_twin

AUDIT = {
    "verdict": "not rejected, power shown", "epsilon": 2.0, "delta": 1e-6,
    "settings": {"runs": 6000, "whole_runs": 0, "length": 3, "seed": 1, "risk": 0.05, "people": 0},
    "code": {"ctdc": "0.1.0", "engine": "2", "opendp": "0.16.0", "source": "f41ac17c6ec4"},
    "attacks": [{"rejected": False}, {"rejected": False}], "games": [], "claims": {}, "replayed": [],
}  # fmt: skip
TWIN = {
    "format": "ctdc-twin/1", "simulated": True,
    "utility": {"columns": ["order", "median error"], "rows": [["1", 10.7], ["2", 19.8]]},
    "subgroups": {"columns": ["group", "ratio"], "rows": [["minors", 1.2]]},
}  # fmt: skip


@pytest.fixture
def written(tmp_path: Path):
    def write(document: object) -> Path:
        path = tmp_path / "given.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return write


def test_an_audit_is_named_by_its_hash_and_counted(written):
    path = written(AUDIT)
    audit = read_audit(path, "2")
    assert audit["sha256"] == hash_file(path)
    assert (audit["attacks"], audit["rejected"], audit["mutants"]) == (2, 0, None)
    assert read_audit(written({**AUDIT, "mutants": {"caught": 9, "of": 9}}), "2")["mutants"] == {"caught": 9, "of": 9}
    assert evidence_from(Evidence(audit=audit).as_dict()).audit == audit


def test_an_audit_of_another_engine_is_refused(written):
    with pytest.raises(UserError, match="engine 2, and the release was made by engine 3"):
        read_audit(written(AUDIT), "3")


def test_an_audit_that_rejects_the_claim_makes_no_certificate(written):
    with pytest.raises(Refused) as caught:
        read_audit(written({**AUDIT, "verdict": "rejected"}), "2")
    assert caught.value.detail.code == "certificate.audit_rejected"


@pytest.mark.parametrize("document", ["no json", "[]", "{}", {**AUDIT, "attacks": None}, {**AUDIT, "verdict": "fine"}])
def test_another_file_is_no_audit(written, document):
    with pytest.raises(UserError) as caught:
        read_audit(written(document), "2")
    assert caught.value.detail.code == "certificate.audit"


def test_a_twin_is_taken_as_it_is(written):
    path = written(TWIN)
    twin = read_twin(path)
    assert twin == {"sha256": hash_file(path), **{name: TWIN[name] for name in ("simulated", "utility", "subgroups")}}
    assert evidence_from(Evidence(twin=twin).as_dict()).twin == twin


@pytest.mark.parametrize("said", [False, "yes", 1, None])
def test_errors_that_may_come_from_true_cases_are_refused(written, said):
    with pytest.raises(Refused) as caught:
        read_twin(written({**TWIN, "simulated": said}))
    assert caught.value.detail.code == "certificate.twin_true"


def test_an_evaluation_against_cases_is_refused_whatever_else_it_says(written):
    with pytest.raises(Refused, match="invented"):
        read_twin(written({**TWIN, "never_to_be_published": True}))


@pytest.mark.parametrize(
    "document",
    [
        "no json",
        "[" * 100_000,
        {"format": "other"},
        {**TWIN, "more": 1},
        {**TWIN, "utility": []},
        {**TWIN, "utility": {"columns": [], "rows": []}},
        {**TWIN, "utility": {"columns": ["a"], "rows": [["a", "b"]]}},
        {**TWIN, "utility": {"columns": ["a"], "rows": [[{"deep": 1}]]}},
        {**TWIN, "subgroups": {"columns": ["a"], "rows": [["x" * 200]]}},
        {**TWIN, "subgroups": {"columns": ["a"], "rows": [[True]]}},
        {**TWIN, "subgroups": {"columns": ["a"], "rows": [[1]] * 201}},
        json.dumps(TWIN).replace("10.7", "NaN"),
    ],
)
def test_another_file_is_no_twin(written, document):
    with pytest.raises(UserError) as caught:
        read_twin(written(document))
    assert caught.value.detail.code == "certificate.twin"
    assert "ctdc-twin/1" in caught.value.detail.allowed


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_twin(tmp_path / "none.json")


def test_what_an_older_certificate_said_is_kept():
    older = Evidence(ledger={"a": 1}, approvers=("A",))
    assert Evidence(audit={"b": 2}).with_older(older) == Evidence({"a": 1}, {"b": 2}, None, ("A",))
    assert Evidence(ledger={"c": 3}).with_older(older).ledger == {"c": 3}
