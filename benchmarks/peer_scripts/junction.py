"""Any table of a graphical model, from the calibrated tables of its junction tree.

The library answers a question about variables that no one table of the model holds by compiling a program for it, which
takes seconds; the mechanism AIM asks thousands of such questions a round. Here the tree is cut down to the part that
connects the variables, and its conditional tables are contracted (Koller and Friedman 2009, section 10.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mbi  # type: ignore[import-not-found]
import networkx  # type: ignore[import-untyped]
import numpy as np
import opt_einsum  # type: ignore[import-not-found]
from mbi import junction_tree, marginal_oracles

Clique = tuple[str, ...]
Array = np.ndarray[Any, np.dtype[np.float64]]


def megabytes(domain: mbi.Domain, cliques: Sequence[Clique]) -> float:
    """Size of the junction tree of a model over these tables."""
    return float(junction_tree.hypothetical_model_size(domain, cliques))


class Calibrated:
    """The model's tables over the cliques of its junction tree, as shares, and what they say of any variables."""

    def __init__(self, model: Any) -> None:
        self.total = float(model.total)
        self.measured: list[Clique] = [tuple(clique) for clique in model.cliques]
        self.tree, _ = junction_tree.make_junction_tree(model.domain, self.measured)
        marginals = marginal_oracles.message_passing_stable(model.potentials.expand(list(self.tree.nodes)), 1.0)
        self.domain: mbi.Domain = model.domain
        self.tables: dict[Clique, Array] = {
            clique: np.asarray(marginals.project(clique).datavector(flatten=False)) for clique in self.tree.nodes
        }
        self.place = {name: number for number, name in enumerate(self.domain.attributes)}
        self.reduced: dict[tuple[Clique, Clique, Clique], Array] = {}
        self.conditionals: dict[tuple[Clique, Clique], Array] = {}

    def table(self, chosen: Clique) -> Array:
        """The expected counts of the table over `chosen`, flattened with the last variable fastest."""
        parts: list[Any] = []
        wanted = set(chosen)
        inside = [clique for clique in self.tables if wanted <= set(clique)]
        factors = [self._whole(min(inside, key=self.domain.size), wanted)] if inside else self._relevant(wanted)
        for table, names in factors:
            parts += [table, [self.place[name] for name in names]]
        result: Array = opt_einsum.contract(*parts, [self.place[name] for name in chosen], optimize="greedy")
        return result.reshape(-1) * self.total

    def _whole(self, clique: Clique, wanted: set[str]) -> tuple[Array, Clique]:
        """What one table of the tree says by itself."""
        kept = tuple(name for name in clique if name in wanted)
        return self._reduced(clique, (), kept), kept

    def _relevant(self, wanted: set[str]) -> list[tuple[Array, Clique]]:
        """Factors, and their variables, whose product summed over all but the wanted variables is their table."""
        tree = self.tree.copy()
        leaves = [clique for clique in tree.nodes if tree.degree(clique) <= 1]
        while leaves:
            leaf = leaves.pop()
            neighbours = list(tree.neighbors(leaf)) if leaf in tree else []
            inside = set(neighbours[0]) if neighbours else set()
            if leaf in tree and len(neighbours) <= 1 and wanted & set(leaf) <= inside:
                tree.remove_node(leaf)
                leaves += neighbours
        return [factor for root in self._roots(tree) for factor in self._factors(tree, root, wanted)]

    def _roots(self, tree: Any) -> list[Clique]:
        """One clique of each connected part."""
        return [next(iter(part)) for part in networkx.connected_components(tree)]

    def _factors(self, tree: Any, root: Clique, wanted: set[str]) -> list[tuple[Array, Clique]]:
        """The root's table, then that of each clique given its parent, over what is wanted or shared in the tree."""
        result = []
        for child, parent in [(root, ()), *((child, parent) for parent, child in networkx.bfs_edges(tree, root))]:
            shared = {name for neighbour in tree.neighbors(child) for name in neighbour}
            kept = tuple(name for name in child if name in wanted or name in shared)
            result.append((self._reduced(child, parent, kept), kept))
        return result

    def _reduced(self, child: Clique, parent: Clique, kept: Clique) -> Array:
        """The child's table given the parent (no parent: as it is), summed over all but what is kept."""
        key = (child, parent, kept)
        if key not in self.reduced:
            axes = tuple(axis for axis, name in enumerate(child) if name not in kept)
            self.reduced[key] = self._given(child, parent).sum(axis=axes)
        return self.reduced[key]

    def _given(self, child: Clique, parent: Clique) -> Array:
        """The child's table divided by that of what it shares with the parent, nothing where that is empty."""
        table = self.tables[child]
        if not parent:
            return table
        if (child, parent) not in self.conditionals:
            axes = tuple(axis for axis, name in enumerate(child) if name not in parent)
            shared = table.sum(axis=axes, keepdims=True)
            self.conditionals[child, parent] = np.divide(table, shared, out=np.zeros_like(table), where=shared > 0)
        return self.conditionals[child, parent]
