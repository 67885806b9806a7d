"""Shares by the denominator rule, rankings and trends, against counts made by hand."""

import numpy as np
import pytest
from tests.support.evaluated import GROUPS, SCHEMA, candidate_of, coded, of_texts

from ctdc.privacy.evaluation.charts import PublishedShare, chart_errors, charts_of, ranking
from ctdc.privacy.evaluation.coded import Candidate, Pair, pair_of
from ctdc.privacy.evaluation.settings import Settings
from ctdc.privacy.evaluation.trends import LOST, NEW, REVERSED, SURVIVES, deviates, outcome_of, trends
from ctdc.table.coded import CodedTable

PEOPLE = {
    "year": ["2020", "2020", "2021", None],
    "gender": ["woman", "man", "man", None],
    "area": ["north", "north", "south", "east"],
    "work": ["1", None, "1", None],
    "sex": [None, "1", None, None],
}


def test_charts_are_variables_and_groups() -> None:
    assert [(chart.name, chart.of) for chart in charts_of(SCHEMA, GROUPS)] == [
        *((name, "known") for name in ("year", "gender", "area")),
        ("kinds", "group"),
    ]
    assert charts_of(SCHEMA, {})[-1].of == "all", "who was asked about a flag of no group is not known"


def test_shares_are_of_those_who_are_known() -> None:
    truth = coded(PEOPLE, SCHEMA)
    made = of_texts({**PEOPLE, "gender": ["woman", "*", "man", "woman"], "work": ["1", "1", "*", None]}, SCHEMA)
    pair = pair_of(truth, made)
    gender, kinds = (next(c for c in charts_of(SCHEMA, GROUPS) if c.name == name) for name in ("gender", "kinds"))
    published = {("gender", "gender", "man"): PublishedShare(0.6, 0.5, 0.7)}
    found = chart_errors(pair, gender, published)
    assert found.known == (3, 3)
    rows = {row.code: row for row in found.shares}
    assert (rows["man"].truth, rows["man"].candidate) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert rows["man"].covered is True
    assert "trans" not in rows
    assert found.worst == found.mean == pytest.approx(1 / 3)
    kind = chart_errors(pair, kinds, {})
    assert kind.known == (3, 2), "a withheld answer is no answer, and nobody else is counted for it"
    assert [(row.variable, row.truth, row.candidate) for row in kind.shares] == [
        ("work", pytest.approx(2 / 3), 1.0),
        ("sex", pytest.approx(1 / 3), 0.5),
    ]
    assert kind.worst_entry is not None
    assert kind.worst_entry.variable == "work"


def test_rankings_tell_what_is_still_among_the_first() -> None:
    areas = ["north"] * 4 + ["south"] * 3 + ["east"] * 2 + ["west"]
    nothing = dict.fromkeys(("year", "gender", "work", "sex"), [None] * 10)
    made = ["north"] * 2 + ["south"] * 3 + ["centre"] * 2 + [None] * 3
    pair = pair_of(coded({**nothing, "area": areas}, SCHEMA), of_texts({**nothing, "area": made}, SCHEMA))
    chart = next(chart for chart in charts_of(SCHEMA, GROUPS) if chart.name == "area")
    found = ranking(pair, chart, Settings(top=2))
    assert found is not None
    assert [entry.code for entry in found.truth] == ["north", "south"]
    assert (found.kept, found.same_order) == (2, False)
    wider = ranking(pair, chart, Settings())
    assert wider is not None
    assert (wider.kept, len(wider.truth)) == (2, 3)
    assert ranking(pair, next(c for c in charts_of(SCHEMA, GROUPS) if c.name == "gender"), Settings()) is None


def by_definition(share_by_time: list[tuple[int, int]]) -> float:
    """Cochran-Armitage from its textbook form. share_by_time: (with, of) for scores 0, 1, 2 ..."""
    with_, of = np.array(share_by_time).T
    t, total, mean = np.arange(len(of)), of.sum(), with_.sum() / of.sum()
    statistic = sum(t * (with_ * (of - with_).sum() - (of - with_) * with_.sum()))
    variance = with_.sum() * (of - with_).sum() / total
    variance *= sum(t**2 * of * (total - of)) - 2 * sum(
        t[i] * t[j] * of[i] * of[j] for i in range(len(t)) for j in range(i + 1, len(t))
    )
    assert 0 < mean < 1
    return float(statistic / np.sqrt(variance))


def test_the_deviate_is_that_of_the_textbook() -> None:
    from ctdc.privacy.evaluation.charts import Drawn

    table = [(5, 40), (9, 50), (20, 60), (25, 50)]
    counts, whole = np.array(table, dtype=float).T
    found = deviates(Drawn(counts[:, None], whole), np.array([2020.0, 2021, 2022, 2023]) - 2021)
    assert found[0] == pytest.approx(by_definition(table))
    assert deviates(Drawn(np.array([[3.0], [0.0]]), np.array([3.0, 0.0])), np.array([0.0, 1.0]))[0] == 0


@pytest.mark.parametrize(
    ("truth", "candidate", "outcome"),
    [(4, 2, SURVIVES), (-4, -9, SURVIVES), (4, -2, REVERSED), (4, 1, LOST), (1, -4, NEW), (2.5, 4, None), (1, 1, None)],
)
def test_what_becomes_of_a_trend(truth: float, candidate: float, outcome: str | None) -> None:
    assert outcome_of(truth, candidate) == outcome


def test_trends_survive_in_the_truth_and_are_lost_without_their_years(truth: CodedTable, same: Pair) -> None:
    settings = Settings(groups=GROUPS, time="year")
    charts = charts_of(truth.schema, GROUPS)
    own = trends(same, charts, settings)
    assert own is not None
    assert own.clear == own.survive > 0
    assert own.lost == own.reversed == own.new == 0
    matrix = truth.matrix()
    matrix[0] = np.random.default_rng(3).permutation(matrix[0])
    lost = trends(pair_of(truth, Candidate(truth.schema, matrix)), charts, settings)
    assert lost is not None
    assert lost.survive < own.survive
    assert trends(same, charts, Settings(groups=GROUPS)) is None
    assert candidate_of(truth).matrix.shape == matrix.shape
