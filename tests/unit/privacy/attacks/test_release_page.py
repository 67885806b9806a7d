"""The page of attacks on a release: five languages, every name known, a warning that nobody can overlook."""

import re
from html import unescape

import pytest
from tests.support.crowds import crowd, mixed

from ctdc.privacy.attacks.candidates import coded_candidate
from ctdc.privacy.attacks.difference import FOUND, WITHIN
from ctdc.privacy.attacks.findings import ATTACKS, CHECKS, AttackReport, AttackSettings
from ctdc.privacy.attacks.release import attack_release
from ctdc.privacy.attacks.release_page import EDGE, LEAST, VERDICTS, WIDTH, attacks_html, names_of, picture
from ctdc.privacy.report import LANGUAGES, texts_of


@pytest.fixture(scope="module")
def report() -> AttackReport:
    members = crowd(1500, 1)
    files = [coded_candidate("<b>copy", mixed(members, crowd(1500, 3), 0.5)), coded_candidate("other", crowd(50, 4))]
    return attack_release(members, crowd(1500, 2), files, AttackSettings(attacks=500))


def test_every_language_has_every_text_with_the_same_places() -> None:
    texts = texts_of("attacks")
    assert set(texts) == set(LANGUAGES)
    for language in LANGUAGES:
        assert list(texts[language]) == list(texts["en"])
        for key, text in texts[language].items():
            assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", texts["en"][key])), (language, key)


def test_every_attack_group_check_and_verdict_has_a_name() -> None:
    names = set(names_of())
    assert {f"attack.{attack}" for attack in ATTACKS} == {name for name in names if name.startswith("attack.")}
    targets = {group for groups in ATTACKS.values() for group in groups}
    assert {f"targets.{group}" for group in targets} == {name for name in names if name.startswith("targets.")}
    assert {f"check.{check}" for check in CHECKS} < names
    assert {f"verdict.{verdict}" for verdict in VERDICTS.values()} <= names
    assert {f"file.{VERDICTS[verdict]}" for verdict in (FOUND, WITHIN)} < names


@pytest.mark.slow
def test_the_page_says_in_each_language_that_it_is_never_to_be_published(report: AttackReport) -> None:
    page = unescape(attacks_html(report))
    for language in LANGUAGES:
        assert f'<section class="language" id="{language}"' in page
        section = page.split(f'id="{language}"')[1].split("</section>")[0]
        assert names_of(language)["never"] in section
        assert names_of(language)["means.found"] in section
        for attack in ATTACKS:
            assert (names_of(language)[f"attack.{attack}"] in section) == (attack != "membership-counts")


@pytest.mark.slow
def test_the_page_fetches_nothing_and_escapes_names(report: AttackReport) -> None:
    page = attacks_html(report)
    assert not re.search(r"<script|https?://|src=|url\(", page)
    assert "&lt;b&gt;copy" in page
    assert "<b>copy" not in page


@pytest.mark.slow
def test_every_picture_has_its_numbers_beside_it(report: AttackReport) -> None:
    page = attacks_html(report)
    made = [one for each in report.candidates for one in each.findings if one.compared.members.attacks]
    assert page.count("<svg") == page.count('aria-hidden="true"') == len(LANGUAGES) * len(made)


def test_pictures_stand_in_order_and_within_their_frame() -> None:
    one = picture({"low": -0.6, "difference": 0.0, "high": 1.0})
    assert one.low == EDGE < one.at < one.high == WIDTH - EDGE
    assert picture({"low": LEAST, "difference": 0.01, "high": 0.04}).low == EDGE
