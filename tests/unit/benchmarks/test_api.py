"""What the benchmark of the counts service asks, and what it reads from the system."""

import os
import random
import sys
import time

import pytest
from benchmarks.api import covered, processor_time, some_filters
from tests.support.invented_release import people, write_release

from ctdc.release.counting import Counter, open_counter
from ctdc.table.coded import code_table


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Counter:
    return open_counter(write_release(tmp_path_factory.mktemp("benchmark")))


@pytest.mark.slow
def test_filters_are_of_codes_that_there_are(counter: Counter) -> None:
    filters = some_filters(counter, random.Random(1), 4)
    assert len(filters) == 4
    assert all(set(codes) <= set(counter.analysis.codes(name)) for name, codes in filters.items())


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_time_of_a_process_grows() -> None:
    before = processor_time(os.getpid())
    # The system counts in ticks of some milliseconds: work for several of them.
    start = time.process_time()
    while time.process_time() < start + 0.05:
        sum(range(10_000))
    assert processor_time(os.getpid()) > before > 0


@pytest.mark.slow
def test_numbers_of_many_variables_are_held_against_the_people(counter: Counter) -> None:
    schema = counter.analysis.data.schema
    truth = code_table(people().to_arrow(), schema, "people")
    found = covered(counter, truth, 5, 60)
    assert sum(one["questions"] for one in found) > 0
    assert all(0 <= one["covered"] <= 1 for one in found)
    # Against themselves the records are always right.
    assert all(one["covered"] == 1 for one in covered(counter, counter.records, 5, 60))
