"""A small crowd works in a studio on PostgreSQL for a moment: every page that the roles lead to answers."""

import pytest
from benchmarks.studio import measure
from tests.on_postgresql import programs


@pytest.mark.heavy
@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
def test_people_of_every_role_work_without_an_error() -> None:
    found = measure(people=27, seconds=8, think=1.0)
    assert found["errors"] == []
    assert found["pages"]["number"] > 20
