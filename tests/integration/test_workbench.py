"""The workbench with its real children: a run that is killed and goes on, one that is stopped, what is downloaded."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest
from tests.support.processes import free_port

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from bench import ASKED, CHOSEN, SECRET, WORDS, declared, project_with, rows, waiting, write_csv

from ctdc.foundation.clock import now
from ctdc.foundation.errors import Refused
from ctdc.foundation.progress import Silent
from ctdc.hub.workbench import here, jobs
from ctdc.hub.workbench.here import LOOPBACK
from ctdc.hub.workbench.running import work
from ctdc.hub.workbench.runs import all_runs, begin, go_on, tidy
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.ledger import read as read_ledger
from ctdc.privacy.ledger import set_budget
from ctdc.release.verify import verify

pytestmark = pytest.mark.heavy
LEFT_OUT = ("visitor ref", "first name", "private remark")
TEXTS = (
    ".csv",
    ".tsv",
    ".json",
    ".html",
    ".txt",
    ".xml",
    ".yaml",
    ".cff",
    ".bib",
    ".ris",
    ".css",
    ".jsonld",
    ".R",
    ".do",
)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A project whose run was killed once it had been charged, and how the run was then."""
    project = project_with(tmp_path_factory.mktemp("bench") / "p")
    declared(project)
    begin(project, CHOSEN, {**ASKED, **WORDS})
    folder = project.runs / "001"
    while not read_ledger(project.ledger) and jobs.is_alive(folder):
        time.sleep(0.002)
    os.kill(json.loads((folder / "pid").read_text()), signal.SIGKILL)
    assert waiting(folder).state == "killed"
    (run,) = all_runs(project)
    return project, run


@pytest.fixture(scope="module")
def project(killed):
    """The same project after the run has gone on to its end."""
    made, run = killed
    tidy(made)
    assert not list(run.folder.glob("*.part"))
    go_on(made, run)
    assert waiting(run.folder).state == "done", jobs.state_of(run.folder).error
    return made


def words_of(packed: bytes) -> dict[str, str]:
    """Every file of a zip as text; tables and workbooks as what stands in their cells."""
    found = {}
    with zipfile.ZipFile(io.BytesIO(packed)) as outer:
        for name in outer.namelist():
            content = outer.read(name)
            if name.endswith(".parquet"):
                table = pq.read_table(io.BytesIO(content))
                found[name] = f"{table.column_names} {table.schema.metadata} {table.to_pydict()}"
            elif name.endswith(".xlsx"):
                with zipfile.ZipFile(io.BytesIO(content)) as inner:
                    found[name] = " ".join(inner.read(part).decode("utf-8", "replace") for part in inner.namelist())
            else:
                assert name.endswith(TEXTS), name
                found[name] = content.decode("utf-8")
    return found


def test_what_is_downloaded_holds_nothing_of_the_raw_file(project):
    (run,) = all_runs(project)
    packed = run.packed.read_bytes()
    files = words_of(packed)
    listed = json.loads(files[f"{run.release.name}/manifest.json"])["files"]
    assert set(files) == {
        f"{run.release.name}/{name}" for name in (*(one["path"] for one in listed), "manifest.json", "certificate.json")
    }
    everything = "\n".join(files.values())
    ids = [row[0] for row in rows()]
    for secret in (SECRET, "Marrow", "came by tram", "V-9", *ids[:20], "2024-03-07", *LEFT_OUT, str(project.folder)):
        assert secret not in everything, secret
    assert SECRET.encode() not in packed
    # Not one line of the raw file, nor any cell of it that no list declares.
    lines = (project.input / "original.csv").read_text().splitlines()
    assert not [line for line in lines if line in everything]
    synthetic = files[f"{run.release.name}/data/synthetic.csv"].splitlines()
    assert synthetic[0].replace('"', "") == "age,day,district,brought:lamp,brought:toaster,brought:radio,member"
    assert not {cell for line in synthetic[1:] for cell in line.replace('"', "").split(",")} - {
        "", "1", "0", "<0", "0--17", "18--39", "40--64", "65+", "North", "South", "East", "West", "Centre",
        *(f"2024-Q{quarter}" for quarter in range(1, 5)),
    }  # fmt: skip


def test_what_is_downloaded_is_a_release_that_verifies(project, tmp_path):
    (run,) = all_runs(project)
    with zipfile.ZipFile(run.packed) as packed:
        packed.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    assert verify(folder).ok
    info = json.loads((folder / "manifest.json").read_text())
    assert "Repair café" in json.dumps(info, ensure_ascii=False)


def test_everything_of_a_project_is_private(project):
    assert project.folder.stat().st_mode & 0o077 == 0
    for place in (project.input, project.runs / "001", project.ledger, project.runs / "001" / "release.zip"):
        assert place.stat().st_mode & 0o077 == 0, place
    assert not (project.runs / "001" / "private").exists(), "what was protected is kept no longer"


def test_a_run_that_was_killed_says_what_it_was_charged_and_goes_on(killed, project):
    _, before = killed
    assert before.charge.count == 1
    assert before.charge.epsilon(1e-6) == pytest.approx(4.0, rel=1e-3)
    (run,) = all_runs(project)
    assert run.charge.count == (1 if before.charge.kept else 2), "paid again only if what was paid for was lost"
    assert (run.charge.ended, run.can_go_on) == (True, False)


def test_a_run_that_is_stopped_leaves_nothing_half(tmp_path):
    project = project_with(tmp_path / "p")
    declared(project)
    begin(project, CHOSEN, {**ASKED, **WORDS})
    folder = project.runs / "001"
    jobs.cancel(folder)
    assert waiting(folder).state in ("cancelled", "killed"), "before its first line a child can only die"
    assert not (folder / "protected").exists()
    assert not list(folder.glob("*.part"))
    (run,) = all_runs(project)
    assert run.charge.count == len(read_ledger(project.ledger)) == 0
    assert run.can_go_on


def test_a_run_beyond_the_limit_is_refused_and_charges_nothing(tmp_path, monkeypatch):
    project = project_with(tmp_path / "p")
    set_budget(project.ledger, "default", Guarantee(1.0, 1e-6), now())
    monkeypatch.setattr(jobs, "start", lambda *_: None)
    begin(project, declared(project), {**ASKED, **WORDS})
    (run,) = all_runs(project)
    with pytest.raises(Refused, match="does not allow"):
        work(project, run.folder, run.asked, Silent())
    assert all_runs(project)[0].charge.count == 0
    assert not (run.folder / "protected").exists()


def test_the_command_serves_this_machine_only_and_a_kill_loses_nothing(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "ctdc.cli.main", "workbench", str(tmp_path / "p"), "--port", str(port)]

    def opened() -> tuple[subprocess.Popen, httpx.Client]:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        found = re.search(r"http://(ctdc-\w+\.localhost:\d+)(/\?key=[\w-]+)", server.stdout.readline())
        headers = {"sec-fetch-site": "same-origin", "host": found[1]}
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers)
        answer = client.get(found[2])
        assert answer.status_code == 303
        headers["cookie"] = answer.headers["set-cookie"].partition(";")[0]
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers)
        return server, client

    server, client = opened()
    try:
        file = write_csv(tmp_path / "visits.csv", rows(50), delimiter=";")
        with file.open("rb") as stream:
            assert client.post("/en/file/", files={"file": ("visits.csv", stream, "text/csv")}).status_code == 303
        again = subprocess.run(command, capture_output=True, text=True, check=False)
        assert again.returncode == 3
        assert "Another workbench is open" in again.stderr
        server.kill()  # the reading goes on
        server.wait()
        server, client = opened()
        assert waiting(tmp_path / "p" / "input").state == "done"
        page = client.get("/en/file/")
        assert "visits.csv" in page.text
        assert "semicolon ;" in page.text
        for address in LOOPBACK[: len(here._addresses())]:
            host = f"[{address}]" if ":" in address else address
            assert httpx.get(f"http://{host}:{port}/").status_code == 421
    finally:
        server.kill()
        server.wait()
