"""Another hub, made once."""

from pathlib import Path

import pytest
from tests.support.another_hub import AnotherHub, another_hub, write_partners


@pytest.fixture(scope="session")
def north(tmp_path_factory: pytest.TempPathFactory) -> AnotherHub:
    return another_hub(tmp_path_factory.mktemp("north"))


@pytest.fixture
def partners(tmp_path: Path, north: AnotherHub) -> Path:
    return write_partners(tmp_path / "partners", north.public.id)
