"""The whole evaluation of one table: `evaluate(truth, candidate, settings)` gives a `Report`.

Promise: the report is made from true data, is marked as never to be published, and is a function of its arguments and
the settings' seed. `Report.as_dict` is the JSON form, ``ctdc-evaluation/1``: the fields of the dataclasses under their
names, sets of variables as lists of names, and as ``summary`` the lines of `summary.signs_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import comb
from typing import Any, TypeVar

import numpy as np

from ctdc.foundation.progress import Progress, Silent
from ctdc.privacy.evaluation.charts import ChartErrors, Ranking, chart_errors, charts_of, ranking
from ctdc.privacy.evaluation.coded import Candidate, Pair, pair_of
from ctdc.privacy.evaluation.marginals import CombinationErrors, compare, sets_of_order
from ctdc.privacy.evaluation.propensity import Propensity, propensity
from ctdc.privacy.evaluation.published import Coverage, Published, PublishedErrors, coverage, published_errors
from ctdc.privacy.evaluation.regressions import RegressionErrors, regression
from ctdc.privacy.evaluation.settings import Settings, check_settings
from ctdc.privacy.evaluation.subgroups import Subgroups, subgroups
from ctdc.privacy.evaluation.summary import signs_of
from ctdc.privacy.evaluation.trends import Trends, trends
from ctdc.privacy.report import texts_of
from ctdc.table.coded import CodedTable

FORMAT = "ctdc-evaluation/1"
T = TypeVar("T")
PERFECT = 1000.0  # of the k-marginal score


@dataclass(frozen=True)
class Marginal:
    """One set of variables. tvd: of the candidate; null: of people drawn from the truth with replacement."""

    variables: tuple[str, ...]
    tvd: float
    null: float


@dataclass(frozen=True)
class OrderErrors:
    """The candidate's records, combinations of `order` variables.

    sets: compared, of so many; tvd, null_tvd: means; score, null_score: the k-marginal score of NIST's challenges,
    1000 (1 - mean TVD), and the same of people drawn from the truth; marginals: the worst first; errors: of counts.
    """

    order: int
    sets: int
    of_sets: int
    tvd: float
    null_tvd: float
    score: float
    null_score: float
    marginals: tuple[Marginal, ...]
    errors: CombinationErrors


@dataclass(frozen=True)
class Report:
    """What a candidate is worth. people: records of the truth and of the candidate; withheld: share of each variable's
    cells; published, share_coverage: of a release's counts and shares, empty and None for a table alone; rankings_kept:
    how many of the first entries are there, of so many.
    """

    variables: tuple[str, ...]
    people: tuple[int, int]
    withheld: dict[str, float]
    orders: tuple[OrderErrors, ...]
    published: tuple[PublishedErrors, ...]
    propensity: Propensity
    regressions: tuple[RegressionErrors, ...]
    charts: tuple[ChartErrors, ...]
    share_coverage: Coverage | None
    rankings: tuple[Ranking, ...]
    rankings_kept: tuple[int, int]
    trends: Trends | None
    subgroups: Subgroups
    settings: Settings
    about: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values, the flag and the notice on top."""
        head = {"format": FORMAT, "never_to_be_published": True, "notice": notices()}
        head["summary"] = [asdict(sign) for sign in signs_of(self)]
        return head | {name: _plain(value) for name, value in asdict(self).items()}


def notices() -> dict[str, str]:
    """Language to the sentence that stands on top of every output."""
    return {language: texts["notice"] for language, texts in texts_of("evaluation").items()}


def _plain(value: Any) -> Any:
    """Tuples as lists, numbers as Python's own, so that what is written is what is read again."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value


def evaluate(
    truth: CodedTable,
    candidate: Candidate,
    settings: Settings | None = None,
    *,
    published: Published | None = None,
    about: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Measure how far the candidate is from the truth, in everything that `settings` asks for.

    candidate: see `coded.code_candidate`; published: the counts of a release, whose records
    are the candidate; about: facts to be told with the report, JSON values. Raises UserError (``evaluate.settings``,
    ``evaluate.empty``).
    """
    settings = settings or Settings()
    check_settings(settings, truth.schema)
    pair = pair_of(truth, candidate)
    random = np.random.default_rng(settings.seed)
    progress = progress or Silent()
    orders = _orders(pair, settings, random, progress)
    published_orders = _published(pair, settings, published, progress) if published else ()
    with_task = _Tasks(progress)
    charts = charts_of(pair.schema, settings.groups)
    shares = tuple(chart_errors(pair, chart, published.shares if published else {}) for chart in charts)
    rankings = tuple(found for chart in charts if (found := ranking(pair, chart, settings)) is not None)
    return Report(
        variables=pair.schema.names,
        people=(pair.truth.shape[1], pair.candidate.shape[1]),
        withheld=pair.withheld(),
        orders=orders,
        published=published_orders,
        propensity=with_task("telling the tables apart", lambda: propensity(pair, settings, random)),
        regressions=tuple(regression(pair, one, settings) for one in settings.regressions),
        charts=shares,
        share_coverage=_share_coverage(shares),
        rankings=rankings,
        rankings_kept=(sum(one.kept for one in rankings), sum(len(one.truth) for one in rankings)),
        trends=trends(pair, charts, settings),
        subgroups=with_task("looking at subgroups", lambda: subgroups(pair, settings, random)),
        settings=settings,
        about=dict(about or {}),
    )


class _Tasks:
    """Shows one task at a time."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __call__(self, name: str, work: Callable[[], T]) -> T:
        self._progress.start(name)
        found = work()
        self._progress.finish()
        return found


def _sets(pair: Pair, settings: Settings) -> dict[int, list[tuple[int, ...]]]:
    variables = len(pair.schema.names)
    return {
        order: sets_of_order(variables, order, settings.most_sets, settings.seed)
        for order in range(1, min(settings.length, variables) + 1)
    }


def _orders(pair: Pair, settings: Settings, random: np.random.Generator, progress: Progress) -> tuple[OrderErrors, ...]:
    people = pair.truth.shape[1]
    drawn = np.ascontiguousarray(pair.truth[:, random.integers(0, people, people)])
    sets = _sets(pair, settings)
    progress.start("comparing tables of counts", sum(len(found) for found in sets.values()))
    found = tuple(_order(pair, drawn, order, chosen, progress.advance) for order, chosen in sets.items())
    progress.finish()
    return found


def _order(
    pair: Pair,
    drawn: np.ndarray[tuple[int, ...], np.dtype[np.uint16]],
    order: int,
    sets: Sequence[tuple[int, ...]],
    step: Callable[[], None],
) -> OrderErrors:
    compared = compare(pair.truth, [pair.candidate, drawn], pair.sizes, pair.known, sets, step=step)
    tvd, null = (float(mean) for mean in compared.distances.mean(axis=1))
    names = pair.schema.names
    marginals = [
        Marginal(tuple(names[variable] for variable in chosen), float(own), float(chance))
        for chosen, own, chance in zip(sets, *compared.distances, strict=True)
    ]
    return OrderErrors(
        order,
        len(sets),
        comb(len(names), order),
        tvd,
        null,
        PERFECT * (1 - tvd),
        PERFECT * (1 - null),
        tuple(sorted(marginals, key=lambda one: -one.tvd)),
        compared.errors,
    )


def _published(pair: Pair, settings: Settings, published: Published, progress: Progress) -> tuple[PublishedErrors, ...]:
    progress.start("checking published counts")
    found = tuple(
        published_errors(pair.truth, pair.schema.sizes, published, order, sets)
        for order, sets in _sets(pair, settings).items()
    )
    progress.finish()
    return found


def _share_coverage(charts: Sequence[ChartErrors]) -> Coverage | None:
    covered = [share.covered for chart in charts for share in chart.shares if share.covered is not None]
    return coverage(len(covered), sum(covered)) if covered else None
