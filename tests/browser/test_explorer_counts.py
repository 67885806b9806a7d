"""Counting in the browser gives what the release's own counting gives: filters drawn at random, one reader each way."""

import math
import random
import shutil
from statistics import NormalDist

import polars as pl
import pytest
from tests.browser.conftest import served
from tests.generative.test_counting_same import FOUND, GROUPS, PEOPLE, PRIVACY, least_whole

from ctdc.hub.site.frame import asset_files
from ctdc.release.analysis import Analysis
from ctdc.release.compact import compact_core, compact_long
from ctdc.release.counting import Counter, open_counter
from ctdc.release.protected import ProtectedData

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ASK = """async questions => {
  const { Counter, fetchCompact } = await import('/counter.js');
  const counter = new Counter(await fetchCompact('/core.bin'));
  counter.add(await fetchCompact('/long.bin'));
  const plain = number => Number.isNaN(number) ? null : number;
  return questions.map(([people, variable]) => {
    const found = counter.by(people, variable);
    for (const name of ['share', 'shareLow', 'shareHigh']) found[name] = found[name].map(plain);
    return { total: counter.total(people), ...found };
  });
}"""
QUANTILES = "async shares => { const m = await import('/counter.js'); return shares.map(m.normalQuantile); }"
PERSON = 0.2  # what the rounding of residuals may move, in people; standard errors are hundreds of times that
SHARE = 0.002


@pytest.fixture(scope="module", params=["release", "wide"])
def counter(request, tmp_path_factory):
    """A release, and a table some of whose longer combinations were left unmeasured."""
    if request.param == "release":
        return open_counter(request.getfixturevalue("measured_release"))
    folder = tmp_path_factory.mktemp("data")
    pl.DataFrame(PEOPLE.to_arrow()).with_columns(pl.all().cast(pl.String)).write_parquet(folder / "synthetic.parquet")
    return Counter(Analysis(ProtectedData(folder, PEOPLE.schema, PRIVACY), GROUPS, FOUND))


@pytest.fixture(scope="module")
def page(browser, counter, tmp_path_factory):
    folder = tmp_path_factory.mktemp("compact")
    shutil.copyfile(asset_files()["explorer-counter.js"], folder / "counter.js")
    (folder / "core.bin").write_bytes(compact_core(counter))
    (folder / "long.bin").write_bytes(compact_long(counter))
    (folder / "index.html").write_text("<!doctype html><title>Counts</title>")
    with served(folder) as address:
        page = browser.new_page()
        page.goto(f"{address}/index.html")
        yield page
        page.close()


def drawn_questions(counter, number, seed):
    """Filters of up to four variables, one code or several, and a variable to count by."""
    draw = random.Random(seed)
    variables = counter.analysis.data.schema.variables
    for _ in range(number):
        chosen = draw.sample(range(len(variables)), draw.randint(0, 4))
        filters = {}
        for variable in chosen:
            codes = variables[variable].codes
            filters[variables[variable].name] = draw.sample(codes, min(len(codes), draw.choice((1, 1, 2, 3))))
        yield filters, variables[draw.randrange(len(variables))].name


def as_event(counter, filters):
    return [[variable, sorted(categories)] for variable, categories in counter.analysis.questions.event(filters).chosen]


def close(one, other, tolerance):
    if one is None or math.isnan(other):
        return one is None and math.isnan(other)
    return abs(one - other) <= tolerance


def test_browser_and_release_count_alike(page, counter):
    questions = list(drawn_questions(counter, 250, 20_260_701))
    positions = {name: position for position, name in enumerate(counter.variables)}
    asked = [[as_event(counter, filters), positions[by]] for filters, by in questions]
    sources = set()
    for (filters, by), found in zip(questions, page.evaluate(ASK, asked), strict=True):
        expected = counter.asked(filters).by((by,))
        listed = [place for place, (code,) in enumerate(expected.codes) if code]
        total = counter.total(filters)
        assert found["total"]["source"] == total.source
        assert close(found["total"]["value"], total.value, PERSON), (filters, by)
        assert found["measured"] == expected.measured[listed].tolist(), (filters, by)
        for mine, theirs in (("count", expected.count), ("low", expected.low), ("high", expected.high)):
            for one, other in zip(found[mine], theirs[listed].tolist(), strict=True):
                assert close(one, other, PERSON), (filters, by, mine)
        shares = expected.shares
        for mine, theirs in (("share", shares.share), ("shareLow", shares.low), ("shareHigh", shares.high)):
            for place, one, other in zip(listed, found[mine], theirs[listed].tolist(), strict=True):
                if not expected.share_too_few[place]:
                    assert close(one, other, SHARE), (filters, by, mine)
        assert (found["whole"] is None) == (expected.whole is None)
        if expected.whole is not None:
            assert found["whole"]["source"] == expected.whole.source
            assert close(found["whole"]["value"], expected.whole.value, PERSON)
        margin = PERSON + 10
        differing = [a != b for a, b in zip(found["few"], expected.too_few[listed].tolist(), strict=True)]
        assert sum(differing) == 0 or all(abs(found["count"][i]) < margin for i, odd in enumerate(differing) if odd)
        sources.add(total.source)
    assert sources == {"counts", "records"}


def test_the_answers_of_the_browser_are_those_of_an_analysis(page, counter):
    """Where the measurements reach, number by number what ``ctdc.load(...)`` says, no part above its whole."""
    analysis = counter.analysis
    for filters, by in list(drawn_questions(counter, 60, 20_260_702)):
        filters.pop(by, None)
        if len(filters) >= analysis.length:
            continue
        position = counter.variables.index(by)
        found = page.evaluate(ASK, [[as_event(counter, filters), position]])[0]
        for place, code in enumerate(analysis.codes(by)):
            answer = analysis.estimate({**filters, by: code})
            if answer.value is not None:
                most = least_whole(analysis, {**filters, by: code})
                agrees = answer.too_few or answer.value <= most
                assert close(found["count"][place], answer.value if agrees else most, PERSON)
                assert not agrees or close(found["high"][place], answer.high, PERSON)
                assert found["measured"][place]


def test_quantiles_are_those_of_the_normal_distribution(page):
    shares = [0.025, 0.5, 0.93, 0.975, 0.99, 1 - 0.03 / 249, 1 - 0.03 / 62_001, 1 - 0.03 / 1e9]
    for one, share in zip(page.evaluate(QUANTILES, shares), shares, strict=True):
        assert one == pytest.approx(NormalDist().inv_cdf(share), abs=1e-9)
