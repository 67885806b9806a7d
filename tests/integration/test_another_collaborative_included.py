"""A release of a collaborative of another field and other languages, made by another process, included in this hub."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.another_hub import write_partners
from tests.support.quick import QUICK

import ctdc
from ctdc.foundation.progress import Silent
from ctdc.hub.site.frame import Site
from ctdc.hub.site.partners.pages import guest, read_partners, write_guest
from ctdc.hub.site.place import Place
from ctdc.release.certificate.keys import read_public_key
from ctdc.release.partners.hubs import read_hubs
from ctdc.release.partners.include import include
from ctdc.release.partners.sources import source_at
from ctdc.standard.languages import LANGUAGES

pytestmark = [pytest.mark.slow, pytest.mark.heavy]
ACCIDENTS = Path(ctdc.__file__).parent / "collaboratives" / "work-accidents"


@pytest.fixture(scope="module")
def accidents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the other collaborative has made a key and a signed release."""
    here = tmp_path_factory.mktemp("accidents")
    environment = os.environ | {"CTDC_COLLABORATIVE": str(ACCIDENTS), "PYTHONPATH": os.pathsep.join(sys.path)}
    words = ["run", "--demo", "--cases", "1500", "--length", "2", "--out", "out", "--signing-key", "secret/k.pem"]
    for command in (["certificate", "key", "--out", "secret/k.pem"], words):
        done = [*QUICK, *command]
        subprocess.run(done, cwd=here, env=environment, check=True, capture_output=True, timeout=300)
    return here


def test_it_verifies_here_and_is_shown_from_its_own_code_book(accidents: Path, tmp_path: Path) -> None:
    key = read_public_key(accidents / "secret/k.pem.pub")
    partners = write_partners(tmp_path / "partners", key.id)
    with source_at(str((accidents / "out/latest").resolve())) as source:
        line = include(source, partners, read_hubs(partners)["north"], datetime(2026, 4, 1, tzinfo=UTC))
    (again,) = read_partners(partners, [], Silent())
    assert again == line
    view = guest(partners, line, Place(files="/releases/"))
    write_guest(Site(view, ()), view, tmp_path / "pages")
    for language in LANGUAGES:
        place = tmp_path / "pages" / language / "releases" / line.folder
        overview = (place / "index.html").read_text()
        label = view.vocabulary.variables[0].labels[language]
        assert label in overview or label in (place / "codebook/index.html").read_text()
        assert line.key in overview
    release = ctdc.load(line.place(partners))
    assert release.count().value
    assert release.codebook.label(release.variables[0])
