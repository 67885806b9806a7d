"""A release from the vault: opened with a reason, without who withdrew, and nothing of it left behind."""

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.support.sealed_run import OPENING, filled_vault, harmonised, plan_of, sealed, subjects
from tests.support.vaults import STEWARD, WHEN, new_vault

from ctdc.foundation.clock import now
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.progress import Progress, Silent
from ctdc.privacy import ledger
from ctdc.release.verify import verify
from ctdc.standard import load
from ctdc.vault import accesslog, erase
from ctdc.vault.store import Deposit, put
from ctdc.vault.vault import Vault
from ctdc.workflow import run as run_module
from ctdc.workflow.run import run
from ctdc.workflow.sealed import Opening

pytestmark = [pytest.mark.slow, pytest.mark.heavy]


class Watching:
    """Lets a run go on without telling anybody."""

    @contextmanager
    def step(self, title: str) -> Iterator[Progress]:
        yield Silent()

    def done(self, title: str, seconds: float, *, reused: bool) -> None: ...

    def notice(self, text: str) -> None: ...


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Harmonised cases of one contributor."""
    folder = tmp_path_factory.mktemp("cases")
    return harmonised(folder, 300, ("sim-hotline",))["sim-hotline"]


@pytest.fixture
def vault(tmp_path: Path, cases: Path) -> Vault:
    """A vault with these cases."""
    made = new_vault(tmp_path)
    sealed(made, "sim-hotline", cases)
    return made


def reads(vault: Vault) -> list[dict[str, object]]:
    return [line.event for line in accesslog.read(vault.log) if line.event["kind"] == "read"]


def folders(out: Path) -> set[str]:
    return {path.name.split("-")[0] for path in (out / "work").iterdir() if path.is_dir()}


def test_a_run_opens_with_a_reason_and_leaves_no_row_of_a_person(tmp_path: Path, vault: Vault, cases: Path) -> None:
    plan = plan_of(tmp_path)
    result = run(plan, Watching(), OPENING)
    assert verify(result.release).ok
    assert {(one["actor"], one["purpose"]) for one in reads(vault)} == {("steward", "test release")}
    opened = len(reads(vault))  # one line for each table
    assert folders(plan.out) == {"measure", "protect", "release"}
    left = [path for path in plan.out.rglob("*") if path.is_file()]
    person = subjects(cases)[0].encode()
    assert not [path for path in left if person in path.read_bytes() or path.name == "cases.parquet"]
    again = run(plan, Watching(), OPENING)
    assert again.release == result.release
    assert sum(line.event["kind"] == "charge" for line in ledger.read(result.ledger)) == 1
    assert len(reads(vault)) == 2 * opened, "what was removed is opened again, which the log says"


def test_who_withdraws_is_not_in_the_next_run(tmp_path: Path, vault: Vault, cases: Path) -> None:
    plan = plan_of(tmp_path)
    first = run(plan, Watching(), OPENING)
    erase.withdraw(vault, "sim-hotline", subjects(cases)[0], STEWARD, WHEN)
    second = run(plan, Watching(), OPENING)
    assert second.release != first.release
    assert sum(line.event["kind"] == "charge" for line in ledger.read(first.ledger)) == 2


def test_who_withdraws_while_a_run_is_at_work_stops_it_before_it_pays(
    tmp_path: Path, vault: Vault, cases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = run_module.combine_stage

    def meanwhile(outcomes: object) -> object:
        erase.withdraw(vault, "sim-hotline", subjects(cases)[1], STEWARD, WHEN)
        return real(outcomes)  # type: ignore[arg-type]

    plan = plan_of(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "combine_stage", meanwhile)
        with pytest.raises(Refused, match="withdrew after the cases were opened"):
            run(plan, Watching(), OPENING)
    assert not (plan.out / "ledger.jsonl").exists()
    assert folders(plan.out) == set()
    assert verify(run(plan, Watching(), OPENING).release).ok


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"delivery": "2024"}, "vault.no_delivery"),
        ({"manifest": "0" * 64}, "sealed.other"),
        ({"table": "people"}, "sealed.table"),
    ],
)
def test_another_delivery_than_the_planned_one_is_refused(
    tmp_path: Path, vault: Vault, change: dict[str, str], code: str
) -> None:
    plan = plan_of(tmp_path, {"organisation": "sim-hotline", "delivery": "2025"} | change)
    with pytest.raises(UserError) as caught:
        run(plan, Watching(), OPENING)
    assert caught.value.detail.code == code
    assert folders(plan.out) == set()


def test_without_a_key_nothing_is_opened(tmp_path: Path, vault: Vault) -> None:
    for opening in (None, Opening((), "steward")):
        with pytest.raises(UserError, match="no key was named"):
            run(plan_of(tmp_path), Watching(), opening)
    assert reads(vault) == []


def test_what_may_no_longer_be_kept_is_not_opened(tmp_path: Path, vault: Vault, cases: Path) -> None:
    yesterday = now().date() - timedelta(days=1)
    sealed(vault, "sim-hotline", cases, "2020", until=yesterday)
    with pytest.raises(Refused, match="no longer be kept"):
        run(plan_of(tmp_path, {"organisation": "sim-hotline", "delivery": "2020"}), Watching(), OPENING)
    assert reads(vault) == []


def test_a_delivery_that_is_listed_twice_is_refused(tmp_path: Path, vault: Vault) -> None:
    one = {"organisation": "sim-hotline", "delivery": "2025"}
    with pytest.raises(UserError, match="listed twice"):
        run(plan_of(tmp_path, one, one), Watching(), OPENING)


def test_cases_of_another_standard_are_not_taken(tmp_path: Path, vault: Vault, cases: Path) -> None:
    said = pq.read_metadata(cases).metadata | {b"ctdc.standard": b"0.0"}
    old = tmp_path / "old.parquet"
    pq.write_table(pq.read_table(cases).replace_schema_metadata(said), old)
    put(vault, Deposit("sim-hotline", "2019", (), {"cases": old}, "x", date(2099, 1, 1)), STEWARD, WHEN)
    with pytest.raises(UserError, match=r"follow the standard 0\.0"):
        run(plan_of(tmp_path, {"organisation": "sim-hotline", "delivery": "2019"}), Watching(), OPENING)


def test_linked_rows_come_with_their_people(tmp_path: Path) -> None:
    filled_vault(tmp_path, 400, ("sim-alliance", "sim-caseworks", "sim-registo"))
    names = sorted(path.name for path in (tmp_path / "vault" / "deliveries").iterdir())
    profile = next(one.id for one in load().profiles.values() if one.links)
    release = {"name": "linked", "simulated": True, "profile": profile}
    plan = plan_of(tmp_path, *({"organisation": name, "delivery": "2025"} for name in names), release=release)
    assert verify(run(plan, Watching(), OPENING).release).ok


def test_what_a_killed_run_leaves_open_is_gone_after_the_next(tmp_path: Path, vault: Vault) -> None:
    key = tmp_path / "vault.key"
    key.write_text(base64.b64encode(b"k" * 32).decode())
    key.chmod(0o600)
    (tmp_path / "plan.toml").write_text(
        'out = "out"\n[vault]\nfolder = "vault"\npurpose = "test release"\n'
        '[[delivery]]\norganisation = "sim-hotline"\ndelivery = "2025"\n'
        '[privacy]\nepsilon = 4\nlength = 1\n[release]\nname = "sealed"\nsimulated = true\n'
    )
    command = [
        sys.executable,
        "-m",
        "ctdc.cli.main",
        "run",
        str(tmp_path / "plan.toml"),
        "--actor",
        "steward",
        "--json",
    ]
    around = os.environ | {"CTDC_VAULT_KEY": f"file:{key}"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=around) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "Charge the privacy ledger" in line:
                process.send_signal(signal.SIGKILL)
                break
        process.stderr.read()
    assert "derive" in folders(tmp_path / "out"), "a killed process cannot clear up"
    done = subprocess.run(command, capture_output=True, text=True, env=around, check=False)
    assert done.returncode == 0, done.stderr
    stages = {stage["stage"]: stage["reused"] for stage in json.loads(done.stdout)["stages"]}
    assert stages["open"] and stages["derive"]
    assert folders(tmp_path / "out") == {"measure", "protect", "release"}
    assert len({line["at"] for line in reads(vault)}) <= 2
