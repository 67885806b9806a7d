"""Which sentence of a catalogue says an error: one rule for all parts of the hub that have words of their own.

Promise: the nearest sentence is found: of the code and the kind that the error names, else of the code, else of the
room that raised it; an error of which a catalogue knows nothing has none.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any


def sentence_of(code: str, known: Container[Any], kind: str = "") -> str:
    """The key ``error.CODE.KIND``, ``error.CODE`` or ``error.ROOM``, the first that is known; empty for none."""
    keys = (f"error.{code}.{kind}", f"error.{code}", f"error.{code.partition('.')[0]}")
    return next((key for key in keys if key in known), "")


def is_exact(key: str, code: str) -> bool:
    """Whether the sentence of a key was written for the code itself, and not for its room."""
    return key == f"error.{code}" or key.startswith(f"error.{code}.")
