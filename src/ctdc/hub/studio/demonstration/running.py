"""A demonstration from the command line: made if it is not there, explained, and started.

Promise: what was cut off while it was made is begun anew; a folder that is no demonstration is never touched.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import write_text
from ctdc.foundation.progress import Progress
from ctdc.hub.studio import place, starting
from ctdc.hub.studio.demonstration import accounts, files, source
from ctdc.hub.studio.place import Place

FOLDER = "studio"
NAME, SENDER = "Demonstration hub", "studio@hub.example"


def prepare(demo: Path, port: int, progress: Progress) -> Place:
    """The demonstration in `demo`, made if it is not there. port: where it will be shown. Raises UserError."""
    folder = demo / FOLDER
    if not (folder / accounts.NAME).is_file():
        _clear(folder)
        _make(demo, folder, port, progress)
    return _at(folder, port)


def _clear(folder: Path) -> None:
    """Take away what was cut off. Raises UserError (``demonstration.other``) for what is no demonstration."""
    if not folder.exists():
        return
    if not ((folder / place.SETTINGS).is_file() and place.read(folder).settings.demonstration):
        raise UserError(
            "demonstration.other",
            "There is something else in the place of the demonstration.",
            where=str(folder),
            do="Move it away, or choose another folder.",
        )
    shutil.rmtree(folder)


def _make(demo: Path, folder: Path, port: int, progress: Progress) -> None:
    found = source.find(demo)
    progress.start("Inventing files to deliver")
    files.write(demo)
    address = f"http://localhost:{port}"
    place.create(folder, address=address, hub=NAME, sender=SENDER, demonstration=True)
    starting.make_ready(folder)
    progress.start("Making the database")
    starting.update_database()
    from ctdc.hub.studio.demonstration import making  # needs Django to be ready

    making.make(found, progress)


def _at(folder: Path, port: int) -> Place:
    """The demonstration, with the port on which it will be shown in its settings."""
    found = place.read(folder)
    address = f"http://localhost:{port}"
    if found.address != address:
        settings = (folder / place.SETTINGS).read_text(encoding="utf-8")
        changed = re.sub(r'^address = ".*"$', f'address = "{address}"', settings, flags=re.MULTILINE)
        write_text(folder / place.SETTINGS, changed)
        found = place.read(folder)
    return found


def guide(found: Place, demo: Path, port: int, site_port: int) -> str:
    """What a person has to know to try it."""
    everybody = accounts.read(found.folder)
    to_deliver = files.written(demo)
    width = max(len(one.email) for one in everybody)
    people = [f"  {one.who:<14} {one.email:<{width}}  {one.passphrase}" for one in everybody]
    return "\n".join(
        (
            "",
            "A studio to try things out in. Every case and every account in it is invented.",
            "",
            f"  The studio       {found.address}/",
            f"  The public site  http://localhost:{site_port}/en/",
            f"  Accounts, codes  {found.address}/demonstration/",
            "",
            "Sign in as (role, e-mail address, passphrase):",
            *people,
            "The code of the second step stands on the page of accounts, and is printed by:",
            f"  ctdc studio demo-code {shlex.quote(str(found.folder))} steward",
            "",
            "Try, in this order (the page of accounts says it in five languages):",
            f"  1. contributor: deliver   {to_deliver.dirty}",
            "     and read the report.",
            f"  2. contributor: deliver   {to_deliver.repaired}",
            "     as a correction of the first.",
            "  3. steward: say what the value means that nobody knows; reviewer: approve it, and the new version;",
            "     steward: store the delivery in the vault.",
            "  4. steward: plan a release of all deliveries, fix it, try it, make it, evaluate it, ask for review.",
            "  5. reviewer and reviewer-2: approve it; steward: publish it.",
            "  6. Open the public site: it shows the new release in all languages.",
            "",
        )
    )


def start(folder: Path, port: int, site_port: int) -> None:
    """Become the process that shows the studio, with its worker and the public site beside it."""
    command = [*starting.STUDIO, "serve", str(folder)]
    sys.stdout.flush()
    os.execv(sys.executable, [*command, "--port", str(port), "--site-port", str(site_port)])  # noqa: S606  our own
