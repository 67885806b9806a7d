"""The pairs of tables that are compared."""

from collections.abc import Callable, Sequence

import pyarrow as pa
import pytest
from tests.support.evaluated import candidate_of, invented

from ctdc.privacy.evaluation.coded import Pair, pair_of
from ctdc.table.coded import CodedTable


@pytest.fixture
def truth() -> CodedTable:
    return invented(1, 4000)


@pytest.fixture
def same(truth: CodedTable) -> Pair:
    return pair_of(truth, candidate_of(truth))


@pytest.fixture
def apart(truth: CodedTable) -> Pair:
    """The truth, and as many others who are alike."""
    return pair_of(truth, candidate_of(invented(2, 4000)))


@pytest.fixture
def texts() -> Callable[[Sequence[str], Sequence[Sequence[str | None]]], pa.Table]:
    def make(names: Sequence[str], columns: Sequence[Sequence[str | None]]) -> pa.Table:
        return pa.table([pa.array(column, pa.string()) for column in columns], names=list(names))

    return make
