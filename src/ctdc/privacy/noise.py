"""The one place that draws noise.

Promise: all noise that protects people comes from OpenDP's exact discrete Gaussian sampler over 64-bit integers;
there is no seed. Another `NoiseSource` can be injected by tests; what is measured with it is marked as not
publishable, and the release builder refuses it.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

# Not by opendp.prelude, which imports scikit-learn and pandas: more than a second of each command.
from opendp.domains import atom_domain, vector_domain
from opendp.measurements import make_gaussian
from opendp.metrics import l2_distance
from opendp.mod import enable_features

Integers = npt.NDArray[np.int64]

enable_features("contrib")


class NoiseSource(Protocol):
    """Adds noise to integers. `publishable` says whether the result carries the privacy guarantee."""

    publishable: bool

    def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
        """Noisy copy of the 1-d array `exact`, and the rho of zCDP that this release cost one person.

        scale: standard deviation of the discrete noise; squared_sensitivity: squared L2 distance per person.
        """


class OpenDPNoise:
    """Discrete Gaussian noise by OpenDP's ``make_gaussian`` (exact sampling after Canonne, Kamath & Steinke 2020)."""

    publishable = True

    def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
        """See `NoiseSource`. The cost is OpenDP's own privacy map at the sensitivity, rounded up."""
        space = vector_domain(atom_domain(T="i64")), l2_distance(T="f64")
        mechanism = make_gaussian(*space, scale=scale)
        rho = mechanism.map(math.nextafter(math.sqrt(squared_sensitivity), math.inf))
        return np.array(mechanism(exact), dtype=np.int64), float(rho)
