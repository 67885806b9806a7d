"""Published counts, estimates and shares against the truth, by dictionaries and by exact measurements."""

from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest
from tests.support.engine import NoNoise
from tests.support.evaluated import GROUPS, candidate_of, invented

from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.estimate import Estimates, estimate
from ctdc.privacy.evaluation import marginals
from ctdc.privacy.evaluation.coded import Candidate
from ctdc.privacy.evaluation.evaluate import evaluate
from ctdc.privacy.evaluation.published import Counts, Published, published_errors
from ctdc.privacy.evaluation.settings import Settings
from ctdc.privacy.measure import measure
from ctdc.privacy.plan import make_plan
from ctdc.table.coded import CodedTable


def listed(table: CodedTable, seed: int, share: float = 0.7) -> Counts:
    """Noisy counts of some combinations, with intervals of which some miss, and marks."""
    draw = np.random.default_rng(seed)
    codes, counts = [], []
    matrix = table.matrix()
    for order in (1, 2):
        for chosen in combinations(range(5), order):
            cells = Counter(zip(*(matrix[v].tolist() for v in chosen), strict=True))
            for cell in product(*(range(1, table.schema.sizes[v]) for v in chosen)):
                if draw.random() < share:
                    row = np.zeros(5, dtype=np.uint16)
                    row[list(chosen)] = cell
                    codes.append(row)
                    counts.append(cells[cell] + draw.normal(0, 6))
    count = np.array(counts)
    return Counts(np.array(codes), count, count - 8, count + 8, count < 20)


@pytest.mark.parametrize("dense", [1 << 24, 0], ids=["all cells", "cells that occur"])
def test_listed_counts_equal_a_count_by_hand(truth: CodedTable, dense: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marginals, "MAX_DENSE_CELLS", dense)
    counts = listed(truth, 3)
    matrix = truth.matrix()
    for order in (1, 2):
        sets = list(combinations(range(5), order))
        found = published_errors(matrix, truth.schema.sizes, Published(counts), order, sets)
        hold, errors, stated, fabricated = [], [], 0, 0
        rows = {tuple(row.tolist()): at for at, row in enumerate(counts.codes)}
        for chosen in sets:
            cells = Counter(zip(*(matrix[v].tolist() for v in chosen), strict=True))
            for cell in product(*(range(1, truth.schema.sizes[v]) for v in chosen)):
                row = np.zeros(5, dtype=int)
                row[list(chosen)] = cell
                at = rows.get(tuple(row.tolist()))
                told = 0.0 if at is None or counts.below[at] else float(counts.count[at])
                if at is not None:
                    hold.append(abs(counts.count[at] - cells[cell]) <= 8)
                stated += told > 0
                fabricated += told > 0 and not cells[cell]
                if cells[cell]:
                    errors.append(abs(told - cells[cell]))
        assert (found.coverage.intervals, found.coverage.hold) == (len(hold), sum(hold))
        assert found.errors.mae == pytest.approx(np.mean(errors))
        assert (found.errors.stated, found.errors.combinations) == (stated, len(errors))
        assert found.errors.fabricated == pytest.approx(fabricated / stated)
        assert (found.estimates, found.estimate_coverage) == ((), None)


def test_counts_without_intervals_have_no_coverage(truth: CodedTable) -> None:
    counts = listed(truth, 3)
    bare = Counts(counts.codes, counts.count, None, None, counts.below)
    found = published_errors(truth.matrix(), truth.schema.sizes, Published(bare), 1, [(0,)])
    assert (found.coverage.intervals, found.coverage.share) == (0, None)


def exact(truth: CodedTable) -> Estimates:
    plan = make_plan(truth.schema.sizes, Guarantee(2.0, 1e-6), 3)
    return estimate(measure(truth.matrix(), plan, noise=NoNoise()))


@pytest.mark.slow
def test_estimates_without_noise_are_the_truth_and_with_it_are_off_by_it(truth: CodedTable) -> None:
    counts, estimates = listed(truth, 3), exact(truth)
    other = invented(9, 4000)
    for order in (1, 2, 3):
        sets = list(combinations(range(5), order))
        right = published_errors(truth.matrix(), truth.schema.sizes, Published(counts, estimates), order, sets)
        cells = sum(np.prod([truth.schema.sizes[v] - 1 for v in chosen]) for chosen in sets)
        assert right.estimate_coverage is not None
        assert (right.estimate_coverage.intervals, right.estimate_coverage.share) == (cells, 1.0)
        assert all((row.mae or 0) == pytest.approx(0, abs=1e-6) for row in right.estimates)
        wrong = published_errors(other.matrix(), truth.schema.sizes, Published(counts, estimates), order, sets)
        errors, hold = [], []
        for chosen in sets:
            table = np.zeros([truth.schema.sizes[v] for v in chosen])
            np.add.at(table, tuple(other.matrix()[list(chosen)]), 1)
            known = (slice(1, None),) * order
            off = np.abs(estimates.table(chosen) - table)[known].ravel()
            errors += off.tolist()
            hold += (off <= 1.959963984540054 * np.sqrt(estimates.variance(chosen))).tolist()
        sums = [(row.combinations, row.mae) for row in wrong.estimates]
        assert sum(number * (mae or 0) for number, mae in sums) / len(errors) == pytest.approx(np.mean(errors))
        assert wrong.estimate_coverage is not None
        assert wrong.estimate_coverage.hold == sum(hold)


@pytest.mark.slow
def test_a_perfect_candidate_has_no_error_anywhere(truth: CodedTable) -> None:
    settings = Settings(groups=GROUPS, time="year")
    report = evaluate(truth, candidate_of(truth), settings, published=Published(listed(truth, 3), exact(truth)))
    for order in report.orders:
        errors = order.errors
        assert order.tvd == errors.mae == errors.lost == errors.fabricated == 0
        assert order.score == 1000 > order.null_score
    assert report.propensity.ratio == pytest.approx(0, abs=1e-6)
    assert report.rankings_kept[0] == report.rankings_kept[1] > 0
    assert all(chart.worst == 0 for chart in report.charts)
    assert report.share_coverage is None
    assert report.withheld == {}


@pytest.mark.slow
def test_a_suppressed_table_is_seen_as_such(truth: CodedTable) -> None:
    matrix = truth.matrix()
    matrix[2, matrix[2] > 2] = truth.schema.sizes[2]
    report = evaluate(truth, Candidate(truth.schema, matrix), Settings(groups=GROUPS))
    assert report.withheld == {"area": pytest.approx(float((truth.matrix()[2] > 2).mean()))}
    assert report.orders[0].marginals[0].variables == ("area",)
    assert report.orders[0].errors.fabricated == 0
    assert report.orders[0].errors.lost == pytest.approx(4 / 15)
