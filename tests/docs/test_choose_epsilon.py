"""The workload that the how-to shows is one, for the profile that its commands are about."""

from pathlib import Path

import pytest

from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.workload import plan_workload, read_workload
from ctdc.workflow.planning import domain

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "choose-epsilon.md"


@pytest.mark.slow
def test_the_workload_on_the_page_can_be_planned(tmp_path: Path) -> None:
    block = PAGE.read_text(encoding="utf-8").split("```toml\n", 1)[1].split("```", 1)[0]
    (tmp_path / "workload.toml").write_text(block, encoding="utf-8")
    workload = read_workload(tmp_path / "workload.toml")
    _, schema = domain(None, None)
    plan = plan_workload(schema, Guarantee(2, 1e-6), workload)
    assert set(map(len, workload.longer(schema))) == {3, 4}
    assert len(workload.longer(schema)) == 1 + 4 + 1
    assert len(plan.measurements) == 1 + 27 + 27 * 26 // 2 + 6
