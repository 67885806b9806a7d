"""A page for each variable: stable addresses and anchors, numbers of the release, nothing too few shown as a number."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from ctdc.hub.site.datasets.variables import VariablePages, code_anchor, codes_csv, variable_path
from ctdc.hub.site.datasets.words import DATASET_TEXTS
from ctdc.hub.site.frame import SiteFile, SitePage
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.release.numbers import number, percent
from ctdc.release.vocabulary import CodeWords, VariableWords, same_in_all
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow  # each needs a release


@pytest.fixture(scope="module")
def view(site_release: Path) -> SiteRelease:
    return read_release(site_release)


@pytest.fixture(scope="module")
def contexts(view: SiteRelease) -> dict:
    return {page.path: page.context for page in VariablePages(view).pages("en") if isinstance(page, SitePage)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_variable_has_a_page_and_every_code_an_anchor(site, view, language):
    for words in view.vocabulary.variables:
        path = site / language / variable_path(view, words.name)
        page = (path / "index.html").read_text()
        assert words.labels[language].replace("'", "&#39;") in page
        for code in words.codes:
            assert f'id="{code_anchor(code.code)}"' in page
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        assert not [one for one in ids if re.search(r"\s", one)]
        assert (path / "codes.csv").is_file()
        assert (
            f'href="/{language}/{variable_path(view, words.name)}"'
            in (site / language / "codebook/index.html").read_text()
        )


def test_anchors_are_codes_that_can_be_anchors():
    assert code_anchor("USA") == "USA"
    assert code_anchor("13--24 (1-2 yrs)") == "13--24_(1-2_yrs)"
    assert code_anchor("content") == "code-content"
    assert code_anchor(" ") == "code-"


def test_a_name_that_no_address_can_hold_gets_its_position(view):
    odd = VariableWords("a/b", "code", None, same_in_all("x"), same_in_all(""), "", ())
    vocabulary = type(view.vocabulary)((*view.vocabulary.variables, odd))
    other = SiteRelease(view.folder, view.manifest, vocabulary, view.figures, view.privacy, view.changes)
    assert variable_path(other, "a/b") == f"codebook/variable-{len(vocabulary.variables)}/"


def test_counts_are_the_published_ones_and_few_is_no_number(contexts, view):
    for entry in view.figures["variables"]:
        codes = {code["code"]: code for code in entry["codes"]}
        for row in contexts[variable_path(view, entry["name"])]["codes"]:
            counted = codes.get(row.code)
            if counted is None or counted["below_threshold"]:
                assert row.few
                assert row.count is row.share is None
            else:
                assert row.count.value == number("en", counted["count"])


def test_the_example_divides_as_it_says(contexts):
    found = 0
    for context in contexts.values():
        numbers = re.search(r"([\d,.]+) divided by ([\d,.]+) is ([\d.]+)%", context["example"])
        if numbers:
            part, whole, share = (float(text.replace(",", "")) for text in numbers.groups())
            assert part / whole == pytest.approx(share / 100, abs=0.002)
            found += 1
    assert found > 10


def test_what_is_known_of_a_year_agrees_with_the_whole(contexts, view):
    """Known people of all years add up to those known at all, within the noise and what is left out."""
    rows = contexts[variable_path(view, "gender")]["years"]
    shown = [row for row in rows if not row.few]
    assert len(shown) > 5
    entry = next(one for one in view.figures["variables"] if one["name"] == "gender")
    shares = [float(row.share.value.rstrip("%")) / 100 for row in shown]
    people = [float(row.people.replace(",", "")) for row in shown]
    mean = sum(share * count for share, count in zip(shares, people, strict=True)) / sum(people)
    assert mean == pytest.approx(entry["known_share"]["share"], abs=0.1)
    for row in shown:
        low, high = (float(part) for part in row.share.interval.rstrip("%").split("–"))
        assert low <= float(row.share.value.rstrip("%")) <= high
    assert contexts[variable_path(view, "yearOfRegistration")]["years"] == []


def test_flags_of_a_group_share_their_denominator(contexts, view):
    group = next(iter(view.groups.values()))
    rules = {contexts[variable_path(view, name)]["rule"] for name in group.variables}
    assert rules == {DATASET_TEXTS.text("en", "variable.denominator.group", group=group.labels["en"])}
    known = {contexts[variable_path(view, name)]["known"] for name in group.variables}
    figures = next(one for one in view.figures["groups"] if one["id"] == group.id)
    assert percent("en", figures["denominator_share"]["share"]) in known.pop()
    assert not known


def test_other_data_sets_with_the_same_variable_are_compared(contexts, view):
    others = contexts[variable_path(view, "gender")]["others"]
    assert others
    assert all(title and column and codes for title, column, codes in others)


def test_the_file_of_codes_has_all_languages(view):
    words = view.words["gender"]
    rows = list(csv.DictReader(io.StringIO(codes_csv(words).decode("utf-8-sig"))))
    assert [row["code"] for row in rows] == [code.code for code in words.codes]
    for language in LANGUAGES:
        assert [row[f"label_{language}"] for row in rows] == [code.labels[language] for code in words.codes]
    risky = VariableWords("x", "code", None, {}, {}, "", (CodeWords("=1+1", same_in_all("+a")),))
    assert "'=1+1,'+a" in codes_csv(risky).decode()


def test_pages_and_files_come_in_pairs(view):
    pages = list(VariablePages(view).pages("de"))
    assert sum(isinstance(page, SiteFile) for page in pages) == len(pages) / 2 == len(view.vocabulary.variables)
    assert json.loads((view.folder / "manifest.json").read_text())["rows"]
