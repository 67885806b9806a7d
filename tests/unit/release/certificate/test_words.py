"""A certificate can be read in five languages, and what it does not say is said to be missing."""

import re
from dataclasses import replace

import pytest
from tests.unit.release.certificate.test_evidence import TWIN

from ctdc.foundation.errors import UserError
from ctdc.release.certificate.file import Certificate, read_certificate
from ctdc.release.certificate.words import CERTIFICATE_TEXTS, certificate_sections, certificate_text
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow  # each needs a release
AUDIT = {
    "verdict": "not rejected, power shown", "attacks": 1234, "mutants": {"caught": 9, "of": 9},
    "code": {"ctdc": "0.1.0", "source": "f41ac17c6ec4"},
}  # fmt: skip


def rows_of(language: str, certificate: Certificate) -> dict[str, str]:
    first = certificate_sections(language, certificate)[0]
    assert first.table is not None
    return dict(first.table.rows)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_signed_certificate_in_words(signed, language, key):
    certificate = read_certificate(signed)
    rows = rows_of(language, certificate)
    assert rows[certificate_text(language, "key")] == key.public.id
    assert rows[certificate_text(language, "audit")] == certificate_text(language, "unattached")
    assert rows[certificate_text(language, "approvers")] == certificate_text(language, "unrecorded")
    assert "2" in rows[certificate_text(language, "before")]
    assert rows[certificate_text(language, "unprotected")]
    assert all(label.strip() and value.strip() for label, value in rows.items())
    first, computed = certificate_sections(language, certificate)
    assert len(computed.bullets) == 4
    assert not re.search("[{}]|None", " ".join([*rows.values(), *first.paragraphs, *computed.bullets]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_given_is_shown(signed, language):
    certificate = read_certificate(signed)
    more = {"audit": AUDIT, "twin": TWIN, "approvers": ["A", "B"], "errata": "data@example.org"}
    full = replace(certificate, content={**certificate.content, **more})
    text = str(certificate_sections(language, full))
    assert {word for word in ("f41ac17c6ec4", "data@example.org", "A, B", "median error", "minors") if word in text}
    assert len(certificate_sections(language, full)) == 4
    quiet = replace(full, content={**full.content, "audit": {**AUDIT, "verdict": "inconclusive", "mutants": None}})
    assert certificate_sections(language, quiet) != certificate_sections(language, full)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_release_without_a_signature_or_without_a_certificate_says_so(release, language):
    unsigned = certificate_sections(language, read_certificate(release))[0]
    assert unsigned.paragraphs == (certificate_text(language, "unsigned"),)
    (none,) = certificate_sections(language, None)
    assert none.paragraphs == (certificate_text(language, "none"),)


@pytest.mark.parametrize("content", [{}, {"release": 7}, {"data_cut": None}, {"twin": {"utility": {}}}])
def test_a_content_that_no_certificate_has_is_an_error_that_says_so(signed, content):
    certificate = read_certificate(signed)
    kept = {**certificate.content, **content} if content else {"format": certificate.content["format"]}
    with pytest.raises(UserError) as caught:
        certificate_sections("en", replace(certificate, content=kept))
    assert caught.value.detail.code == "certificate.unreadable"


def test_both_versions_are_told_where_builder_and_measurer_had_others(signed):
    certificate = read_certificate(signed)
    software = {"built_with": {"ctdc": "2", "numpy": "3"}, "measured_with": {"ctdc": "1", "numpy": "3", "opendp": "4"}}
    rows = rows_of("en", replace(certificate, content={**certificate.content, "software": software}))
    assert rows[certificate_text("en", "software")] == "ctdc 2 / 1, numpy 3, opendp 4"


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_languages_have_the_same_messages(language):
    english, other = CERTIFICATE_TEXTS.messages("en"), CERTIFICATE_TEXTS.messages(language)
    assert list(other) == list(english)
    for name, text in english.items():
        assert set(re.findall(r"{\w+}", other[name])) == set(re.findall(r"{\w+}", text)), name
    if language != "en":
        assert not {name for name in english if english[name] == other[name]} - {"certificate.guarantee.value"}
