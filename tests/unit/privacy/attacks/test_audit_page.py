"""The page of an audit: five languages, every name known, nothing fetched."""

import itertools
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from tests.unit.privacy.attacks.test_games import GUARANTEE, TINY

from ctdc.foundation.progress import Silent
from ctdc.privacy.attacks.audit import AuditSettings, Report, audit
from ctdc.privacy.attacks.audit_page import audit_html, keys_of
from ctdc.privacy.attacks.measured import ATTACKS as MEASURED
from ctdc.privacy.attacks.people import INVENTED, INVENTED_LINKED, pairs
from ctdc.privacy.attacks.whole import ATTACKS as WHOLE
from ctdc.privacy.report import LANGUAGES, texts_of


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder: Path = tmp_path_factory.mktemp("audit")
    stopwatch = itertools.count().__next__
    settings = AuditSettings(GUARANTEE, 2, 20)
    return audit({"one": TINY}, settings, folder / "parts", stopwatch=stopwatch, progress=Silent())


def test_every_language_has_every_text_with_the_same_places() -> None:
    texts = texts_of("audit")
    assert set(texts) == set(LANGUAGES)
    for language in LANGUAGES:
        assert set(texts[language]) == set(texts["en"])
        for key, text in texts[language].items():
            assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", texts["en"][key]), (language, key)


def test_every_person_and_attack_has_a_name_in_every_language() -> None:
    people = {pair.name for domain in (INVENTED, INVENTED_LINKED) for pair in pairs(domain, np.random.default_rng(1))}
    assert people == set(keys_of("person"))
    assert {*MEASURED, *WHOLE} == set(keys_of("attack"))


def test_the_page_says_what_the_report_says(report: Report) -> None:
    page = audit_html(report)
    for language in LANGUAGES:
        assert f'<section class="language" id="{language}"' in page
        assert texts_of("audit")[language]["means.inconclusive"] in unescape(page)
    assert page.count("<tr>") >= 5 * (6 + 18)
    assert report.code["source"] in page
    assert not re.search(r"<script|https?://|src=", page)


def test_a_rejection_cannot_be_overlooked(report: Report) -> None:
    bad = replace(report, checked=(replace(report.checked[0], differences=("numbers",)), *report.checked[1:]))
    page = audit_html(bad)
    assert page.count('class="banner"') == 5
    assert 'class="banner"' not in audit_html(report)
