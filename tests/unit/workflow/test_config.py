"""A run's plan: complete, closed, and clear about what is wrong with it."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from ctdc.foundation.errors import UserError
from ctdc.workflow.config import Plan, read_plan

GOOD = """
out = "collaborative"

[[delivery]]
source = "inbox/cases.xlsx"
mapping = "sim-caseworks"

[[delivery]]
source = "/elsewhere/calls.csv"
mapping = "mappings/hotline"

[privacy]
epsilon = 4
delta = 1e-7
ledger = "../ledger.jsonl"

[release]
name = "global"
profile = "synthetic-2026"
"""


def read(folder: Path, text: str) -> Plan:
    path = folder / "run.toml"
    path.write_text(text, encoding="utf-8")
    return read_plan(path)


def test_a_plan_is_read_with_paths_relative_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "mappings" / "hotline").mkdir(parents=True)
    plan = read(tmp_path, GOOD)
    assert plan.out == tmp_path / "collaborative"
    assert [delivery.source for delivery in plan.delivery] == [
        tmp_path / "inbox" / "cases.xlsx",
        Path("/elsewhere/calls.csv"),
    ]
    assert [delivery.mapping for delivery in plan.delivery] == [
        "sim-caseworks",
        str(tmp_path / "mappings" / "hotline"),
    ]
    assert (plan.privacy.epsilon, plan.privacy.delta, plan.privacy.length) == (4.0, 1e-7, 3)
    assert plan.privacy.ledger == tmp_path.parent / "ledger.jsonl"
    assert plan.release.profile == "synthetic-2026"


def test_keys_and_evidence_of_the_certificate_are_relative_to_the_plan_too(tmp_path: Path) -> None:
    plan = read(tmp_path, 'signing_key = "keys/publisher.pem"\n' + GOOD + 'audit = "audit.json"\ntwin = "twin.json"\n')
    assert plan.signing_key == tmp_path / "keys" / "publisher.pem"
    assert (plan.release.audit, plan.release.twin) == (tmp_path / "audit.json", tmp_path / "twin.json")


def test_a_plan_cannot_be_changed(tmp_path: Path) -> None:
    plan = read(tmp_path, GOOD)
    with pytest.raises(ValidationError):
        plan.privacy.epsilon = 99.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("wrong", "code", "says"),
    [
        (GOOD.replace("epsilon", "epsilom"), "config.key", "'privacy.epsilom' is not known. Do you mean 'epsilon'"),
        (GOOD.replace("mapping", "maping", 1), "config.key", "'delivery.1.maping' is not known"),
        ("noise = 0\n" + GOOD, "config.key", "'noise' is not known"),
        (GOOD.replace("epsilon = 4", ""), "config.value", "'privacy.epsilon' is missing"),
        (GOOD.replace("epsilon = 4", "epsilon = -1"), "config.value", "'privacy.epsilon' is not valid"),
        (GOOD.replace("epsilon = 4", "epsilon = true"), "config.value", "'privacy.epsilon' is not valid"),
        (GOOD.replace("epsilon = 4", 'epsilon = "4"'), "config.value", "'privacy.epsilon' is not valid"),
        (GOOD.replace("delta = 1e-7", "delta = 0.1"), "config.value", "'privacy.delta' is not valid"),
        (GOOD.replace('"global"', '"../up"'), "config.value", "'release.name' is not valid"),
        (GOOD + "[simulation]\ncases = 10\n", "config.deliveries", "both real and simulated"),
        (GOOD.replace("[[delivery]]", "[[deliveries]]"), "config.key", "'deliveries' is not known. Do you mean"),
        ('out = "x"\n[privacy]\nepsilon = 1\n[release]\nname = "a"\n', "config.deliveries", "no deliveries"),
        ("out = ", "config.toml", "not TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, wrong: str, code: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, wrong)
    assert caught.value.detail.code == code
    assert says in caught.value.detail.what
    assert str(tmp_path / "run.toml") in caught.value.detail.where


def test_a_workload_is_a_path_like_any_other_and_takes_the_place_of_a_length(tmp_path: Path) -> None:
    document = GOOD.replace("epsilon = 4", 'epsilon = 4\nworkload = "w.toml"')
    (tmp_path / "plan.toml").write_text(document)
    assert read_plan(tmp_path / "plan.toml").privacy.workload == tmp_path / "w.toml"
    (tmp_path / "plan.toml").write_text(document.replace("epsilon = 4", "epsilon = 4\nlength = 2"))
    with pytest.raises(UserError) as caught:
        read_plan(tmp_path / "plan.toml")
    assert caught.value.detail.code == "config.length"


def test_a_missing_file_is_an_error_not_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read_plan(tmp_path / "none.toml")
    assert caught.value.detail.code == "config.missing"


SEALED = GOOD.replace(
    '[[delivery]]\nsource = "/elsewhere/calls.csv"\nmapping = "mappings/hotline"\n',
    '[vault]\nfolder = "vault"\npurpose = "release 2026"\n'
    '\n[[delivery]]\norganisation = "shelter"\ndelivery = "2025"\n',
)


def test_files_and_deliveries_of_a_vault_stand_in_one_list(tmp_path: Path) -> None:
    plan = read(tmp_path, SEALED)
    assert [type(one).__name__ for one in plan.delivery] == ["Delivery", "SealedDelivery"]
    assert [(one.organisation, one.delivery) for one in plan.sealed] == [("shelter", "2025")]
    assert plan.vault is not None
    assert (plan.vault.folder, plan.vault.purpose) == (tmp_path / "vault", "release 2026")


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (SEALED.replace('[vault]\nfolder = "vault"\npurpose = "release 2026"\n', ""), "config.vault", "which vault"),
        (GOOD.replace("[privacy]", '[vault]\nfolder = "v"\npurpose = "p"\n[privacy]'), "config.vault", "no delivery"),
        (SEALED.replace('purpose = "release 2026"', ""), "config.value", "'vault.purpose' is missing"),
        (SEALED.replace('delivery = "2025"', ""), "config.value", "'delivery.2.delivery' is missing"),
        (SEALED.replace('delivery = "2025"', 'delivery = "2025"\ntabel = "x"'), "config.key", "Do you mean 'table'?"),
        (SEALED.replace('folder = "vault"', 'folder = "vault"\nkey = "env:X"'), "config.key", "'vault.key'"),
        (GOOD.replace('source = "inbox/cases.xlsx"', 'sorce = "x"'), "config.key", "Do you mean 'source'?"),
    ],
)
def test_what_is_wrong_with_a_vault_in_a_plan_is_said(tmp_path: Path, text: str, code: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        read(tmp_path, text)
    assert caught.value.detail.code == code
