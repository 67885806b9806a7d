"""The data page shows a release's certificate in plain words, and the site offers the file itself."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ctdc.hub.site import export
from ctdc.hub.site.build import copy_release
from ctdc.hub.site.certificate.part import certificate_part
from ctdc.hub.site.datasets.files import offered_groups
from ctdc.hub.site.frame import environment
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.release.certificate.evidence import Evidence
from ctdc.release.certificate.file import certify
from ctdc.release.certificate.keys import SigningKey, make_key, read_signing_key
from ctdc.release.manifest import CERTIFICATE, MANIFEST, OLDEST_FORMAT, read_manifest
from ctdc.release.verify import verify
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow  # each needs a release


@pytest.fixture
def folder(site_release: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(site_release, tmp_path / site_release.name))


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    make_key(tmp_path / "key.pem")
    return read_signing_key(tmp_path / "key.pem")


def shown(view: SiteRelease, language: str) -> str:
    module = environment().get_template("certificate_part.html.j2").module
    return str(module.show(certificate_part(view, language)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_signed_unsigned_and_none_are_told_apart(folder, key, language):
    view = read_release(folder)
    unsigned = certificate_part(view, language)
    assert unsigned.check is None
    assert unsigned.rows
    certify(folder, Evidence(), key)
    signed = certificate_part(view, language)
    assert signed.check is not None
    assert signed.check[2] == f"ctdc certificate verify {folder.name} --public-key publisher.pub"
    assert signed.rows[0][1:] == (key.public.id, True)
    assert signed.intro != unsigned.intro
    (folder / CERTIFICATE).unlink()
    assert not certificate_part(view, language).rows


def test_what_a_publisher_wrote_is_text(folder):
    view = read_release(folder)
    approvers = ("<script>alert(1)</script>",)
    certify(folder, Evidence(approvers=approvers), None)
    assert "<script>" not in shown(view, "en")
    assert "&lt;script&gt;" in shown(view, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_needs_no_script_and_asks_nobody(folder, key, language):
    certify(folder, Evidence(), key)
    page = shown(read_release(folder), language)
    assert "<script" not in page
    assert "http" not in page
    assert 'style="' not in page
    assert key.public.id in page


def test_the_file_is_offered_and_copied(folder, tmp_path):
    view = read_release(folder)
    paths = [file.path for group in offered_groups(view, "en") for file in group.files]
    assert CERTIFICATE in paths
    assert "metadata/deployments_registry.yaml" in paths
    copy_release(view, tmp_path / "copy")
    assert verify(tmp_path / "copy").ok


def test_an_older_release_has_none_and_is_shown(folder, tmp_path):
    _, manifest = read_manifest(folder)
    (folder / CERTIFICATE).unlink()
    (folder / MANIFEST).write_text(replace(manifest, format=OLDEST_FORMAT).to_json())
    folder = folder.rename(tmp_path / "older")
    view = read_release(folder)
    copy_release(view, tmp_path / "copy")
    assert verify(tmp_path / "copy").ok
    assert CERTIFICATE not in [file.path for group in offered_groups(view, "en") for file in group.files]


def test_pages_are_rendered_again_when_only_the_signature_is_new(folder, key):
    view = read_release(folder)
    before = export._inputs([view], view.place)
    assert export._inputs([view], view.place) == before
    certify(folder, Evidence(), key)
    assert export._inputs([view], view.place) != before
