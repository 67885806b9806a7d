"""What can be asked of the engine through the command line and a plan."""

from __future__ import annotations

import pytest

from ctdc.foundation.errors import UserError
from ctdc.workflow.protect import settings_of


@pytest.mark.parametrize(("epsilon", "delta"), [(1000.0, 1e-6), (1.0, 0.5), (float("nan"), 1e-6), (1.0, float("nan"))])
def test_a_guarantee_that_protects_nobody_is_refused(epsilon: float, delta: float) -> None:
    with pytest.raises(UserError) as caught:
        settings_of(epsilon=epsilon, delta=delta)
    assert caught.value.detail.code in ("privacy.epsilon", "privacy.delta")


def test_a_seed_is_drawn_and_recorded() -> None:
    assert settings_of(epsilon=1, delta=1e-6).seed != settings_of(epsilon=1, delta=1e-6).seed
    assert settings_of(epsilon=1, delta=1e-6, seed=7).seed == 7
