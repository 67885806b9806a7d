"""The report beside protected data: whole in five languages, self-contained, and never louder than its numbers."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from string import Formatter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import escape

from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.aggregates import COLUMNS, aggregate_table
from ctdc.privacy.estimate import estimate
from ctdc.privacy.measure import measure
from ctdc.privacy.outputs import privacy_statement
from ctdc.privacy.plan import make_plan
from ctdc.privacy.report import LANGUAGES, Listing, Writer, listings, one_way_counts, report_html, report_texts
from ctdc.privacy.settings import Settings
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

VOID = {"meta", "link", "br", "img", "input", "hr"}
WHEN = datetime(2031, 5, 9, 12, tzinfo=UTC)


class NoNoise:
    """A noise source that adds nothing and protects nobody."""

    publishable = False

    def add(self, exact: np.ndarray, scale: float, squared_sensitivity: int) -> tuple[np.ndarray, float]:
        return exact.copy(), 0.0


class Page(HTMLParser):
    """Checks that elements are closed in order; collects elements and the text of each section."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def values(self, name: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(name)) is not None]


def made(schema: Schema, rows: int = 60, length: int = 3, **changes: Any) -> str:
    """The report on `rows` arbitrary records, measured without noise."""
    every = changes.pop("every_aggregate", False)
    chosen = Settings(Guarantee(2, 1e-6), length=length, every_aggregate=every, facts=changes.pop("facts", {}))
    random = np.random.default_rng(5)
    matrix = np.stack([random.integers(0, size, rows) for size in schema.sizes]).astype(np.uint16)
    estimates = estimate(
        measurements := measure(matrix, make_plan(schema.sizes, chosen.guarantee, chosen.length), NoNoise())
    )
    statement = privacy_statement(schema, measurements, estimates, chosen, WHEN) | changes
    return report_html(statement, schema, aggregate_table(schema, estimates, chosen.threshold, every))


def counts(*rows: tuple[int, str, float, bool]) -> pa.Table:
    """A published table from (length, attributes, count, below threshold), every standard error 3."""
    return pa.Table.from_pylist(
        [
            {
                "length": length,
                "attributes": attributes,
                "count": count,
                "standard_error": 3.0,
                "low95": count - 5.88,
                "high95": count + 5.88,
                "below_threshold": below,
            }
            for length, attributes, count, below in rows
        ],
        schema=COLUMNS,
    )


SMALL = Schema((Variable("gender", ("Woman", "Man")), Variable("age", ("0--8", "48+"))))


@pytest.fixture(scope="module")
def html() -> str:
    return made(SMALL)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_with_the_same_places(language: str) -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}

    english, texts = report_texts()["en"], report_texts()[language]
    assert set(texts) == set(english)
    assert not [key for key, text in texts.items() if not text.strip() or places(text) != places(english[key])]
    # Names and words that two languages share are short; a sentence that is the same was not translated.
    assert language == "en" or not [key for key, text in texts.items() if text == english[key] and len(text) > 12]


def test_cohorts_are_named_in_every_language() -> None:
    html = made(SMALL, cohorts=[{"name": "2025"}, {"name": "new-<2026>"}])
    assert html.count('<bdi dir="ltr">2025, new-&lt;2026&gt;</bdi>') == 5
    assert '<bdi dir="ltr">2025' not in made(SMALL)


def test_there_are_five_languages() -> None:
    assert set(report_texts()) == set(LANGUAGES) == {"ar", "en", "fr", "de", "es"}


def test_every_text_is_used(html: str) -> None:
    """All keys appear in some report; what is said in special cases only is listed here."""
    special = {
        "banner",
        "profile",
        "certificate.zcdp",
        "guarantee.approximate",
        "listed.all",
        "outside.unprotected",
        "unit.cohorts",
    }
    special |= {"errors.weights", "listed.longer", "listed.unshown", "listed.shortened", "records.worse"}
    special |= {"unit.linked", "neighbours.linked", "file.linked"}  # see test_linked_protect
    special |= {key for key in report_texts()["en"] if key.startswith(("linked.", "file.linked_", "file.across_"))}
    for key, text in report_texts()["en"].items():
        longest = max(re.split(r"\{\w+\}|\d+%|[\"']", text), key=len)
        assert key in special or longest in html, key


def test_a_section_for_each_language_with_its_direction(page: Page) -> None:
    sections = [attributes for tag, attributes in page.elements if tag == "section" and attributes.get("lang")]
    assert [(s["lang"], s["dir"]) for s in sections] == [
        (language, "rtl" if language == "ar" else "ltr") for language in LANGUAGES
    ]


def test_the_page_is_self_contained(html: str, page: Page) -> None:
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert not re.search(r"https?:|url\(|@import|javascript:", html)
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert "default-src 'none'" in "".join(page.values("content"))


def test_links_and_labels_lead_to_something_on_the_page(page: Page) -> None:
    names = page.values("id")
    assert len(names) == len(set(names))
    assert {link.removeprefix("#") for link in page.values("href")} <= set(names)
    assert set(page.values("aria-labelledby")) <= set(names)
    assert all(link.startswith("#") for link in page.values("href"))


def test_the_figures_of_the_guarantee_are_said_in_the_way_of_each_language(html: str) -> None:
    for shown in ("58.9%", "58,9\u00a0%", "0.000001", "0,000001", "9 mai 2031", "9. Mai 2031", "May 9, 2031"):
        assert shown in html


def test_a_result_with_test_noise_is_loudly_unpublishable() -> None:
    bad, good = made(SMALL), made(SMALL, publishable=True)
    for language in LANGUAGES:
        warning = report_texts()[language]["banner"]
        assert bad.count(warning) == 2
        assert warning not in good
    assert 'class="banner"' in bad
    assert 'class="banner"' not in good


EVIL = '<script>alert("1")</script>&{0}{x}'


def test_names_codes_and_declared_facts_are_escaped() -> None:
    schema = Schema((Variable(EVIL, (EVIL, "'\"><img src=x>")), Variable("{{ s }}", ("{% raw %}", "عربي"))))
    facts = {"title": EVIL, "profile": EVIL}
    html = made(schema, facts=facts, unit=EVIL, neighbours=EVIL, certificate=EVIL, unprotected_quantities=[EVIL])
    page = Page(html)
    assert not {"script", "img"} & {tag for tag, _ in page.elements}
    assert page.text.count(EVIL) >= 5
    assert "{{ s }}" in page.text
    assert "{% raw %}" in page.text


@pytest.mark.parametrize(("rows", "length"), [(0, 1), (0, 3), (1, 1), (50, 2)])
@pytest.mark.parametrize("codes", [("1",), tuple("abcdef")])
def test_one_variable_and_no_rows_give_a_whole_page(rows: int, length: int, codes: tuple[str, ...]) -> None:
    page = Page(made(Schema((Variable("only", codes),)), rows, length, every_aggregate=rows == 0))
    assert "only" in page.text


def test_a_count_below_the_threshold_is_not_shown_as_a_number() -> None:
    table = counts((1, '{"age":"0--8"}', 7.77, True), (1, '{"age":"48+"}', 1234.4, False))
    few, enough = one_way_counts(Schema((SMALL.variables[1],)), table, 10)[0].rows
    assert few.few and not enough.few
    assert "10" in few.count and "7" not in few.count + few.interval
    assert "1\u202f234" in enough.count
    assert "1\u202f229" in enough.interval and "1\u202f240" in enough.interval


def test_the_limit_shown_is_the_one_that_applied() -> None:
    """With a low threshold, twice the standard error decides."""
    table = counts((1, '{"age":"0--8"}', 1, True))
    assert ">6<" in one_way_counts(Schema((SMALL.variables[1],)), table, 2)[0].rows[0].count


def test_of_many_codes_the_thirty_largest_are_shown() -> None:
    schema = Schema((Variable("place", tuple(f"p{i}" for i in range(100))),))
    table = counts(*((1, f'{{"place":"p{i}"}}', 100.0 + i, False) for i in range(100)))
    (variable,) = one_way_counts(schema, table, 10)
    assert [row.code for row in variable.rows] == [f"p{i}" for i in range(99, 69, -1)]
    assert "30 / 100" in made(schema)


def test_thirty_codes_stay_in_their_own_order() -> None:
    codes = tuple(f"p{i}" for i in range(30))
    table = counts(*((1, f'{{"place":"p{i}"}}', 100.0 + i, False) for i in range(30)))
    assert tuple(row.code for row in one_way_counts(Schema((Variable("place", codes),)), table, 10)[0].rows) == codes


def test_combinations_that_are_not_listed_count_as_too_few() -> None:
    table = counts(
        (0, "{}", 50, False),
        (1, '{"age":"0--8"}', 3, True),
        *((1, text, 20, False) for text in ('{"age":"48+"}', '{"gender":"Man"}', '{"gender":"Woman"}')),
        (2, '{"gender":"Man","age":"48+"}', 15, False),
    )
    assert listings(SMALL, table, 3) == [Listing(1, 4, 4, 1), Listing(2, 4, 1, 3)]


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(1, 4))
def test_possible_combinations_are_those_that_a_full_list_has(sizes: list[int], length: int) -> None:
    schema = Schema(tuple(Variable(f"v{i}", tuple(map(str, range(size)))) for i, size in enumerate(sizes)))
    plan = make_plan(schema.sizes, Guarantee(1, 1e-6), length)
    estimates = estimate(measure(np.zeros((len(sizes), 3), np.uint16), plan, NoNoise()))
    lines = listings(schema, aggregate_table(schema, estimates, 10, everything=True), length)
    assert all(line.listed == line.possible == line.few for line in lines)
    assert len(lines) == min(length, len(sizes))


def test_the_weaker_proof_is_said_to_be_one(html: str) -> None:
    weaker = made(SMALL, certificate="zCDP")
    for language in LANGUAGES:
        assert Writer(language).text("guarantee.approximate") in weaker
        assert Writer(language).text("guarantee.approximate") not in html


@pytest.mark.parametrize(
    ("value", "figures", "shown"),
    [
        (0, 3, "0"),
        (2.0, 3, "2"),
        (1.9999993878, 4, "2"),
        (0.3, 3, "0.3"),
        (0.09967694, 3, "0.0997"),
        (12345.6, 3, "12,400"),
        (1e-6, 3, "0.000001"),
        (5.8e-9, 3, "5.8 × 10⁻⁹"),
        (9.999e-9, 3, "10 × 10⁻⁹"),
        (1e-30, 3, "1 × 10⁻³⁰"),
    ],
)
def test_bounds_are_rounded_up(value: float, figures: int, shown: str) -> None:
    assert Writer("en").at_most(value, figures) == f'<bdi dir="ltr">{shown}</bdi>'


def test_shares_are_rounded_up_and_never_above_all() -> None:
    assert ">84.2%<" in Writer("ar").share_at_most(0.84134)
    assert ">58,9\u00a0%<" in Writer("es").share_at_most(0.589)
    assert ">100.0%<" in Writer("en").share_at_most(0.99999)


@pytest.mark.parametrize("language", LANGUAGES)
def test_digits_are_latin_and_a_rounded_zero_has_no_sign(language: str) -> None:
    writer = Writer(language)
    assert ">0<" in writer.number(-0.3)
    shown = writer.number(-1234567.5, 1) + writer.interval(-5, 1000) + writer.day("2026-11-22T18:29:00Z")
    assert not [letter for letter in shown if letter.isdigit() and not letter.isascii()]


def test_a_percent_sign_in_a_sentence_stays_with_its_number() -> None:
    assert '<bdi dir="ltr">95%</bdi>' in Writer("ar").text("column.interval")


@pytest.mark.parametrize("language", LANGUAGES)
def test_that_less_was_measured_and_that_records_are_bad_is_said_in_every_language(language: str) -> None:
    page = made(SMALL, asked_length=4, worse_than_alone=[2, 3])
    for key in ("listed.shortened", "records.worse"):
        beginning = report_texts()[language][key].split("{")[0][:25]
        assert str(escape(beginning)) in page
        assert str(escape(beginning)) not in made(SMALL)
