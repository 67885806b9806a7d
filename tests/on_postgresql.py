"""The studio's tests once more, on a PostgreSQL that lives as long as they: ``python -m tests.on_postgresql FILES...``.

The cluster is made in a folder of its own, by an unprivileged user, listens on a socket of that folder alone, and goes
with it. Where PostgreSQL is not installed, that is said and nothing is run.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

VARIABLE = "CTDC_STUDIO_DATABASE"
USER = "studio"
# A cluster that is thrown away need not survive a power cut.
CARELESS = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


def programs() -> Path | None:
    """The folder with initdb and postgres, the newest of several; None where there is none."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    return next((folder for folder in folders if (folder / "postgres").exists() and (folder / "initdb").exists()), None)


def _owner() -> pwd.struct_passwd:
    """Whoever runs the cluster: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("there is no unprivileged user on this machine")


@contextmanager
def cluster(binaries: Path, options: Sequence[str] = CARELESS) -> Iterator[str]:
    """A running cluster: its address, as CTDC_STUDIO_DATABASE wants it. options: of the server."""
    owner = _owner()
    own: dict[str, Any] = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="ctdc-pg-") as name:
        folder = Path(name)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        data = str(folder / "data")
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "cwd": folder}
        made = [
            str(binaries / "initdb"),
            "-D",
            data,
            "-U",
            USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]
        subprocess.run(made, check=True, **quiet, **own)
        run = [str(binaries / "postgres"), "-D", data, "-k", name, "-c", "listen_addresses=", *options]
        with (folder / "log").open("wb") as log, subprocess.Popen(run, stderr=log, **quiet, **own) as server:
            try:
                _wait(server, folder)
                yield f"postgresql://{USER}@{quote(name, safe='')}/postgres"
            finally:
                server.terminate()
                server.wait(30)


def _wait(server: subprocess.Popen[bytes], folder: Path) -> None:
    import psycopg

    for _ in range(300):
        try:
            psycopg.connect(host=str(folder), user=USER, dbname="postgres").close()
        except psycopg.OperationalError:
            if server.poll() is not None:
                raise RuntimeError((folder / "log").read_text(errors="replace")) from None
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("PostgreSQL did not answer within half a minute")


def main(arguments: list[str]) -> int:
    """Run the tests. arguments: of pytest. The exit code is pytest's, or 0 where there is no PostgreSQL."""
    binaries = programs()
    if binaries is None:
        print("PostgreSQL is not installed: the studio's tests ran on SQLite alone.", file=sys.stderr)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the cluster goes, whoever ends this
    with cluster(binaries) as address:
        print("The studio's tests once more, on PostgreSQL", flush=True)
        run = [sys.executable, "-m", "pytest", *arguments]
        return subprocess.run(run, env=os.environ | {VARIABLE: address}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
