"""What tests of deliveries share: a studio with a vault and keys, an agreement, a mapping, and simulated files."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from ctdc.foundation.clock import now
from ctdc.foundation.progress import Silent
from ctdc.hub.studio.agreements import acts as agreement_acts
from ctdc.hub.studio.agreements.models import Agreement
from ctdc.hub.studio.agreements.templates import prefilled
from ctdc.hub.studio.deliveries import memory
from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.deliveries.upload import PIECE
from ctdc.hub.studio.jobs import worker
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.mappings import acts as mapping_acts
from ctdc.hub.studio.mappings.files import shipped
from ctdc.hub.studio.mappings.models import MappingVersion
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.simulate.write import write_deliveries
from ctdc.vault import sources
from ctdc.vault.access import Access
from ctdc.vault.vault import Vault, create, open_vault

SOURCE = "sim-hotline"
WRONG = "Feqmale"


@cache
def simulated_files(scratch: Path) -> dict[str, bytes]:
    """Clean files of the simulated hotline, by name."""
    made = write_deliveries(scratch / "simulated", 300, 7, 0.0, Silent())
    source = next(one.source for one in made.deliveries if one.mapping == SOURCE)
    paths = [source] if source.is_file() else sorted(path for path in source.iterdir() if path.suffix == ".csv")
    return {path.name: path.read_bytes() for path in paths}


def with_wrong_value(files: dict[str, bytes]) -> dict[str, bytes]:
    """The same files with one gender that nobody knows, in three rows."""
    name, data = next(iter(files.items()))
    rows = list(csv.reader(io.StringIO(data.decode())))
    at = rows[0].index("Victim Gender")
    for row in rows[1:4]:
        row[at] = WRONG
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return {name: buffer.getvalue().encode()}


def with_column(files: dict[str, bytes], heading: str, cells: Sequence[str]) -> dict[str, bytes]:
    """The same files with one more column, which no mapping reads; in rows beyond `cells` it is empty."""
    name, data = next(iter(files.items()))
    rows = list(csv.reader(io.StringIO(data.decode())))
    filled = [heading, *cells, *[""] * (len(rows) - 1 - len(cells))]
    buffer = io.StringIO()
    csv.writer(buffer).writerows([*row, cell] for row, cell in zip(rows, filled, strict=True))
    return {name: buffer.getvalue().encode()}


def first_id(files: dict[str, bytes]) -> str:
    """The organisation's own id of the first case."""
    rows = list(csv.reader(io.StringIO(next(iter(files.values())).decode())))
    return rows[1][rows[0].index("Case Number")]


def make_agreement(people: dict[str, Person], organisation: Organisation, **changes: Any) -> Agreement:
    """An agreement in force since yesterday."""
    administrator = people["administrator"]
    values = prefilled(organisation, administrator.organisation, "en", now().date() - timedelta(days=1)) | changes
    agreement = agreement_acts.draft(administrator, organisation, values)
    Agreement.objects.filter(pk=agreement.pk).update(state="in_force")
    return Agreement.objects.get(pk=agreement.pk)


def make_mapping(people: dict[str, Person], organisation: Organisation, source: str = SOURCE) -> MappingVersion:
    """The shipped mapping of a simulated organisation, approved by a second person."""
    structure, values = shipped(source)
    structure = structure.replace(f"contributor: {source}", f"contributor: {organisation.slug}")
    version = mapping_acts.propose(people["steward"], organisation, structure, values)
    mapping_acts.approve(people["reviewer"], version)
    version.refresh_from_db()
    return version


@dataclass(frozen=True)
class Scene:
    """A studio in which an organisation may deliver."""

    people: dict[str, Person]
    vault: Vault
    folder: Path

    @property
    def shelter(self) -> Organisation:
        return self.people["shelter"].organisation


def make_scene(people: dict[str, Person], folder: Path, patch: pytest.MonkeyPatch) -> Scene:
    """The studio's folder and vault are the test's own."""
    key = folder / "vault.key"
    sources.make_key_file(key)
    create(folder / "vault", [sources.from_file(key)], 1, Access("test", "test"), now())
    inner = settings.STUDIO.settings.model_copy(update={"vault_keys": (f"file:{key.name}",)})
    patch.setattr(settings, "STUDIO", replace(settings.STUDIO, folder=folder, settings=inner))
    (shm := folder / "memory").mkdir()
    patch.setattr(memory, "MEMORY", shm)  # nothing of a test stays in this machine's memory
    return Scene(people, open_vault(folder / "vault", [sources.from_file(key)]), folder)


def work_off() -> list[Job]:
    """Do every job that waits, as the worker does."""
    done = []
    while job := worker.take("test"):
        worker.do(job)
        job.refresh_from_db()
        done.append(job)
    return done


def announced(files: dict[str, bytes], **more: object) -> str:
    listed = [{"name": n, "length": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in files.items()]
    return json.dumps({"files": listed} | more)


def begin(client: Client, files: dict[str, bytes], **more: object) -> Any:
    return client.post("/deliveries/begin/", announced(files, **more), content_type="application/json")


def pieces(data: bytes, offset: int = 0, size: int = 10_000) -> Iterator[tuple[int, bytes]]:
    for at in range(offset, len(data), size):
        yield at, data[at : at + size]


def send(client: Client, address: str, offset: int, data: bytes, **more: Any) -> Any:
    return client.patch(address, data, content_type=PIECE, headers={"Upload-Offset": str(offset)}, **more)


def upload(client: Client, files: dict[str, bytes], **more: object) -> Delivery:
    """Deliver all of it in pieces."""
    made = begin(client, files, **more).json()
    for place, data in zip(made["files"], files.values(), strict=True):
        for offset, part in pieces(data):
            assert send(client, place["address"], offset, part).status_code == 204
    return Delivery.objects.get(pk=made["delivery"])


def everything_on_disk(folder: Path) -> bytes:
    """All bytes of all files that rest in a studio's folder."""
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
