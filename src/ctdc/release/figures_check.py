"""Whether a release's figures follow from its data, whoever chose which of them to state.

Promise: every stated number is computed again from what the figure says of itself: its variables, its codes, its kind.
Which headlines and pairs there are a collaborative chooses, and may choose anew, so none is missed; one that cannot be
computed again does not pass.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ctdc.release.figures import LINKED_ROWS, TOP_PAIRS, Figures, compute_figures
from ctdc.release.linked import LinkedData
from ctdc.release.protected import ProtectedData
from ctdc.release.vocabulary import Vocabulary

CHOSEN = frozenset({"headlines", "pairs"})
OF = frozenset({"variable", "codes"})  # what a headline says it is of; releases from before do not
# Figures are sums in floating point, which machines may round differently in the last written digit.
RELATIVE_TOLERANCE = 1e-5
ABSOLUTE_TOLERANCE = 2e-3


def figures_follow(stated: Any, data: ProtectedData | LinkedData, vocabulary: Vocabulary) -> bool:
    """Whether the content of ``data/figures.json`` is what follows from the data, by today's rule or that of before."""
    return any(_follow(stated, data, vocabulary, agree=agree) for agree in (True, False))


def _follow(stated: Any, data: ProtectedData | LinkedData, vocabulary: Vocabulary, *, agree: bool) -> bool:
    """agree: whether parts and wholes do, which they did not in releases from before."""
    computed = compute_figures(data, vocabulary, agree=agree)
    if _close(stated, computed):
        return True
    if not isinstance(stated, dict) or stated.keys() != computed.keys():
        return False
    rest = [{name: part for name, part in one.items() if name not in CHOSEN} for one in (stated, computed)]
    people = data.main if isinstance(data, LinkedData) else data
    figures = Figures(people, vocabulary, agree=agree)
    return (
        _close(*rest)
        and _headlines_follow(stated["headlines"], computed, figures, people)
        and _pairs_follow(stated["pairs"], figures, people)
    )


def _headlines_follow(stated: Any, computed: Mapping[str, Any], figures: Figures, data: ProtectedData) -> bool:
    """Whether the first is the number of people, as pages take it to be, and each other follows from the data."""
    if not isinstance(stated, list) or not stated or not all(_is_headline(one) for one in stated):
        return False
    first, *others = stated
    names = [one["id"] for one in stated]
    today = {str(one["id"]): one for one in computed["headlines"]}
    total = {"id": first["id"], "kind": "estimate", **computed["total"]}
    return (
        len(set(names)) == len(names)
        and _close(first, total)
        and all(_headline_follows(one, today.get(one["id"]), figures, data) for one in others)
    )


def _is_headline(one: Any) -> bool:
    return isinstance(one, dict) and isinstance(one.get("id"), str) and isinstance(one.get("kind"), str)


def _headline_follows(
    stated: Mapping[str, Any], today: Mapping[str, Any] | None, figures: Figures, data: ProtectedData
) -> bool:
    """today: what this collaborative would say under the same id, None for nothing."""
    identifier, name = stated["id"], stated.get("variable")
    if today is not None and (name is None or identifier == LINKED_ROWS or ":" in identifier):
        # A group's answer and the linked rows are what their ids say; so were all headlines of older releases.
        return _close(stated, _without_of(today))
    codes = stated.get("codes", [])
    if name not in data.schema.names or not isinstance(codes, list):
        return False
    again = figures.headline(stated["kind"], name, codes)
    return again is not None and _close(stated, {"id": identifier, **again})


def _without_of(headline: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in headline.items() if name not in OF}


def _pairs_follow(stated: Any, figures: Figures, data: ProtectedData) -> bool:
    return isinstance(stated, list) and all(_pair_follows(one, figures, data) for one in stated)


def _pair_follows(stated: Any, figures: Figures, data: ProtectedData) -> bool:
    """Whether a pair has all cells that can be said, or the largest of them."""
    names = stated.get("variables") if isinstance(stated, dict) else None
    if not isinstance(names, list) or len(names) != 2 or names[0] == names[1]:
        return False
    if not all(name in data.schema.names for name in names):
        return False
    return any(_close(stated, figures.pair(names[0], names[1], top)) for top in (None, TOP_PAIRS))


def _close(left: Any, right: Any) -> bool:
    """Equality of JSON values, numbers up to rounding."""
    if isinstance(left, bool) or isinstance(right, bool) or not isinstance(left, int | float | list | dict):
        return bool(left == right)
    if isinstance(left, int | float):
        return isinstance(right, int | float) and math.isclose(
            left, right, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE
        )
    if isinstance(left, Mapping):
        return (
            isinstance(right, Mapping) and left.keys() == right.keys() and all(_close(left[k], right[k]) for k in left)
        )
    return isinstance(right, list) and len(left) == len(right) and all(map(_close, left, right))
