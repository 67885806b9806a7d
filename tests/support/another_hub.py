"""Another hub with a key of its own, and a signed release of another field. For tests only."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from protected_twin import write_protected

from ctdc.foundation.hashing import hash_file
from ctdc.release.build import build
from ctdc.release.certificate.evidence import Evidence
from ctdc.release.certificate.file import certify
from ctdc.release.certificate.keys import PublicKey, SigningKey, make_key, read_signing_key
from ctdc.release.info import ReleaseInfo
from ctdc.release.manifest import CERTIFICATE, MANIFEST, read_manifest
from ctdc.standard.languages import LANGUAGES

CREATED = datetime(2026, 2, 1, 12, tzinfo=UTC)
NAMES = {
    "ar": "مركز الشمال للبيانات",
    "de": "Datenstelle Nord",
    "en": "North Data Hub",
    "es": "Centro de Datos del Norte",
    "fr": "Centre de données du Nord",
}
# What a shelter's register might hold: no variable is one of this hub's standard.
CODES = {
    "arrival": ["winter", "spring", "summer", "autumn"],
    "shelter": ["coast", "hills", "<b>city</b>"],
    "legalAid": ["1"],
}


@dataclass(frozen=True)
class AnotherHub:
    """Its releases and its key, all below one folder."""

    folder: Path
    key: SigningKey
    public: PublicKey
    release: Path


def invented(rows: int, seed: int, codes: dict[str, list[str]] | None = None):  # type: ignore[no-untyped-def]
    """People of `CODES`, in the place of those of the twin."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng(seed)
    chosen = codes or CODES
    columns = {}
    for name, own in chosen.items():
        values = random.choice([*own, None], rows, p=[0.9 / len(own)] * len(own) + [0.1])
        columns[name] = pl.Series(values.tolist(), dtype=pl.String)
    return pl.DataFrame(columns)


def another_hub(folder: Path, *, sign: bool = True) -> AnotherHub:
    """A hub with one release, signed unless told otherwise."""
    import protected_twin

    make_key(folder / "secret" / "north.pem")
    key = read_signing_key(folder / "secret" / "north.pem")
    before = protected_twin.invented_people
    protected_twin.invented_people = invented  # type: ignore[assignment]
    try:
        protected = write_protected(folder / "protected", rows=900, codes=CODES, population="north")
    finally:
        protected_twin.invented_people = before
    titles = {language: f"Shelters ({language})" for language in LANGUAGES}
    info = ReleaseInfo("shelters", simulated=True, titles=titles, publisher="Shelters of the North <North>")
    release = build(protected, folder / "store", info, None, CREATED, None, None, key if sign else None)
    return AnotherHub(folder, key, key.public, release)


def write_partners(folder: Path, key: str, **more: str) -> Path:
    """A folder with a list of one trusted hub, ``north``."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["[hub.north]", 'address = "https://north.example.org"', f'key = "{key}"']
    lines += [f"{name} = {value}" for name, value in more.items()]
    lines += ["[hub.north.names]", *(f'{language} = "{name}"' for language, name in NAMES.items())]
    (folder / "partners.toml").write_text("\n".join(lines), encoding="utf-8")
    return folder


def resigned(release: Path, out: Path, key: SigningKey) -> Path:
    """A copy of a release that somebody else has signed."""
    copy = Path(shutil.copytree(release, out / release.name))
    certify(copy, Evidence(), key, again=True)
    return copy


def in_other_languages(hub: AnotherHub, out: Path) -> Path:
    """The hub's release as a collaborative with Portuguese and Arabic would have made it, signed by the hub."""
    copy = Path(shutil.copytree(hub.release, out / "copy"))
    path = copy / "codebook" / "codebook.json"

    def translated(value: Any) -> Any:
        if isinstance(value, list):
            return [translated(one) for one in value]
        if not isinstance(value, dict):
            return value
        if {"ar", "en"} <= set(value) and all(isinstance(text, str) for text in value.values()):
            return {"pt": f"{value['en']} (pt)", "ar": value["ar"]}
        return {key: translated(one) for key, one in value.items()}

    path.write_text(json.dumps(translated(json.loads(path.read_text()))), encoding="utf-8")
    document = json.loads((copy / MANIFEST).read_text())
    document["info"]["titles"] = {"pt": "Abrigos", "ar": "ملاجئ"}
    for entry in document["files"]:
        file = copy / entry["path"]
        entry["sha256"], entry["bytes"] = hash_file(file), file.stat().st_size
    (copy / MANIFEST).write_text(json.dumps(document))
    _, manifest = read_manifest(copy)
    (copy / MANIFEST).write_text(manifest.to_json())
    (copy / CERTIFICATE).unlink()
    certify(copy, Evidence(), hub.key)
    return copy.rename(copy.parent / manifest.folder)
