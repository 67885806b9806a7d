"""Whether a table is worth less for some people than for others.

Promise: within each subgroup the same measures as for all: the mean TVD over all pairs of the other variables, and the
errors of the counts of pairs, which with the subgroup's own variable are combinations of three. Beside each stands
what chance alone would give: the same for people drawn from the subgroup with replacement. Small groups are farther
from the truth by chance; the ratio of the worst to the mean says how much farther, and the null's ratio how much of it
is chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ctdc.privacy.evaluation.coded import Flags, Pair
from ctdc.privacy.evaluation.marginals import compare, sets_of_order
from ctdc.privacy.evaluation.settings import Settings, Subgroup
from ctdc.table.count import Matrix


@dataclass(frozen=True)
class SubgroupErrors:
    """One subgroup. people: in both tables; tvd: mean over pairs of the other variables, 1 where the candidate has
    nobody; null: of people drawn from the truth; mae, relative: of counts of pairs.
    """

    family: str
    name: str
    variable: str
    people: tuple[int, int]
    tvd: float
    null: float
    mae: float | None
    relative: float | None
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fairness:
    """Of all subgroups, or of one family: the worst subgroup, its TVD divided by the mean, and the same of the null.

    ratio: None where no subgroup has an error.
    """

    family: str | None
    worst: str
    mean: float
    ratio: float | None
    null_ratio: float | None


@dataclass(frozen=True)
class Subgroups:
    """All subgroups that have people in the true table, and their spread: over all first, then within each family."""

    subgroups: tuple[SubgroupErrors, ...]
    fairness: tuple[Fairness, ...]
    without_people: tuple[str, ...]


def subgroups(pair: Pair, settings: Settings, random: np.random.Generator) -> Subgroups:
    """Errors within each subgroup of the settings."""
    found, nobody = [], []
    for subgroup in settings.subgroups:
        errors = _errors(pair, subgroup, settings, random)
        if errors is None:
            nobody.append(subgroup.name)
        else:
            found.append(errors)
    families = list(dict.fromkeys(one.family for one in found))
    spreads = [_fairness(None, found)] if found else []
    spreads += [_fairness(family, [one for one in found if one.family == family]) for family in families]
    return Subgroups(tuple(found), tuple(spreads), tuple(nobody))


def _chosen(pair: Pair, matrix: Matrix, subgroup: Subgroup) -> Flags:
    variable = pair.position(subgroup.variable)
    index = pair.schema.variables[variable].index
    return np.isin(matrix[variable], [index[code] for code in subgroup.codes])


def _errors(pair: Pair, subgroup: Subgroup, settings: Settings, random: np.random.Generator) -> SubgroupErrors | None:
    others = [name != subgroup.variable for name in pair.schema.names]
    sizes = [size for size, other in zip(pair.sizes, others, strict=True) if other]
    known = [one for one, other in zip(pair.known, others, strict=True) if other]
    truth = np.ascontiguousarray(pair.truth[others][:, _chosen(pair, pair.truth, subgroup)])
    candidate = np.ascontiguousarray(pair.candidate[others][:, _chosen(pair, pair.candidate, subgroup)])
    people = truth.shape[1]
    if people == 0 or not sizes:
        return None
    drawn = np.ascontiguousarray(truth[:, random.integers(0, people, people)])
    sets = sets_of_order(len(sizes), min(2, len(sizes)), settings.most_sets, settings.seed)
    compared = compare(truth, [candidate, drawn], sizes, known, sets)
    tvd, null = compared.distances.mean(axis=1)
    return SubgroupErrors(
        subgroup.family,
        subgroup.name,
        subgroup.variable,
        (people, candidate.shape[1]),
        float(tvd) if candidate.shape[1] else 1.0,
        float(null),
        compared.errors.mae,
        compared.errors.relative,
        dict(subgroup.labels),
    )


def _fairness(family: str | None, found: Sequence[SubgroupErrors]) -> Fairness:
    errors = np.array([one.tvd for one in found])
    nulls = np.array([one.null for one in found])
    return Fairness(
        family, found[int(errors.argmax())].name, float(errors.mean()), _worst_to_mean(errors), _worst_to_mean(nulls)
    )


def _worst_to_mean(errors: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float | None:
    return float(errors.max() / errors.mean()) if errors.mean() > 0 else None
