"""A studio that runs as people run it, in a process of its own, with a browser before it."""

import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from tests.support.ended import end
from tests.support.processes import free_port, surroundings
from tests.support.quick import QUICK

CTDC = (*QUICK, "studio")


@dataclass(frozen=True)
class Studio:
    """A running studio. join: the address of the first administrator's invitation."""

    folder: Path
    address: str
    join: str

    def letters(self) -> list[str]:
        """The letters that it has sent, oldest first."""
        paths = sorted((self.folder / "mail").glob("*"), key=lambda path: path.stat().st_mtime_ns)
        return [path.read_text(encoding="utf-8") for path in paths]


def _wait(address: str, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    """Until the studio answers: seconds, and much longer on a machine that does something else."""
    for _ in range(int(10 * seconds)):
        try:
            with urlopen(f"{address}/account/login/", timeout=5):
                return
        except OSError:
            if process.poll() is not None:
                raise RuntimeError("the studio ended before it answered") from None
            time.sleep(0.1)
    raise RuntimeError("the studio did not answer")


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder, port = tmp_path_factory.mktemp("studio") / "studio", free_port()
    address = f"http://localhost:{port}"
    known = ["--address", address, "--hub", "Test hub", "--sender", "hub@example.org"]
    who = ["--administrator", "ada@example.org", "--name", "Ada Admin"]
    environment = surroundings()
    made = subprocess.run(
        [*CTDC, "init", str(folder), *known, *who], check=True, capture_output=True, text=True, env=environment
    )
    secret = re.search(r"/people/join/\S+", made.stdout)
    assert secret is not None
    serve = [*CTDC, "serve", str(folder), "--port", str(port), "--no-worker"]
    with subprocess.Popen(serve, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            _wait(address, process)
            yield Studio(folder, address, address + secret[0])
        finally:
            end(process)
