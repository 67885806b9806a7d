"""How much noise each table gets: weights that make the tables of every length as good as they can be on average.

Promise: a function of the domain alone. Weights are a policy, not mathematics; the one here minimises

    sum over lengths k of  IMPORTANCE[k] x mean over sets A of k variables of  typical(A) sqrt(v_A)

where v_A is the variance of a cell of A's table and typical(A) = cells^0.65 stands for the number of its cells that
people are in: tables grow faster than what is in them. That sum is, up to a factor, the expected mean total variation
distance of each length. The optimum is found by weights w_A = d(sum)/d(v_A), anew a few times (majorisation and
minimisation: each step lowers the sum, because sqrt is concave; Hunter & Lange 2004).
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

Class = tuple[int, ...]  # the sizes of a set's variables, ascending: sets with equal sizes get equal noise
Attributes = tuple[int, ...]

# Chosen among a dozen on a published synthetic file (docs/explanation/engine.md): what a table of 1, 2, 3, 4 variables
# counts beside the others. A unit error in a long table is a smaller sin than in a short one, which is quoted more.
IMPORTANCE = (0.001, 1.0, 0.3, 0.05, 0.01)
FILLED_EXPONENT = 0.65
ROUNDS = 8


def class_of(sizes: Sequence[int], attributes: Attributes) -> Class:
    """The class of a set of variables."""
    return tuple(sorted(sizes[attribute] for attribute in attributes))


def classes(sizes: Sequence[int], sets: Sequence[Attributes]) -> dict[Class, int]:
    """Every class among `sets`, and how many sets belong to it."""
    return Counter(class_of(sizes, attributes) for attributes in sets)


def _parts(whole: Class) -> dict[Class, int]:
    """Every class of subsets of a set of class `whole`, and how many subsets belong to it."""
    return Counter(part for count in range(len(whole) + 1) for part in itertools.combinations(whole, count))


def _without(whole: Class, part: Class) -> float:
    """Product of 1/n^2 over the variables that are in `whole` and not in `part`."""
    return math.prod(part) ** 2 / math.prod(whole) ** 2


def _share(chosen: Class) -> float:
    return math.prod((size - 1) / size for size in chosen)


def _squared_deviations(found: Mapping[Class, int], weights: Mapping[Class, float]) -> dict[Class, float]:
    """s_B^2 per class at mu = 1 for the given weights: proportional to S_B^(-1/2), see `plan.relative_deviations`."""
    totals = dict.fromkeys(found, 0.0)
    for whole, number in found.items():
        for part, times in _parts(whole).items():
            totals[part] += weights[whole] * number * times / found[part] * _without(whole, part)
    squares = {chosen: total**-0.5 for chosen, total in totals.items()}
    cost = math.fsum(number * _share(chosen) / squares[chosen] for chosen, number in found.items())
    return {chosen: square * cost for chosen, square in squares.items()}


def _variance(whole: Class, squares: Mapping[Class, float]) -> float:
    parts = _parts(whole).items()
    return math.fsum(times * squares[part] * _share(part) * _without(whole, part) for part, times in parts)


def balanced_weights(sizes: Sequence[int], sets: Sequence[Attributes]) -> dict[Class, float]:
    """The weight of every class of `sets` (closed: with all their subsets) in the allocation, as the module says.

    In a family that has only some sets of a class, all of them are treated as the average one.
    """
    found = classes(sizes, sets)
    filled = {chosen: float(math.prod(chosen)) ** FILLED_EXPONENT for chosen in found}
    per_length = Counter[int]()
    for chosen, number in found.items():
        per_length[len(chosen)] += number
    weights = {chosen: value / per_length[len(chosen)] for chosen, value in filled.items()}
    for _ in range(ROUNDS):
        squares = _squared_deviations(found, weights)
        weights = {
            chosen: IMPORTANCE[len(chosen)] / per_length[len(chosen)] * value / math.sqrt(_variance(chosen, squares))
            for chosen, value in filled.items()
        }
    return weights


def balanced(sizes: Sequence[int], sets: Sequence[Attributes]) -> Callable[[Sequence[int], Attributes], float]:
    """`balanced_weights` as a weight of `plan.make_plan`."""
    weights = balanced_weights(sizes, sets)

    def weight(sizes: Sequence[int], attributes: Attributes) -> float:
        return weights[class_of(sizes, attributes)]

    return weight
