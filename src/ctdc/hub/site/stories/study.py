"""Figures of studies that stories may quote: measured once on public data, and shipped with their source.

Promise: a study is a file of named figures in ``content/studies``; a figure of it is no figure of a release, which a
story that quotes it says in a note. Faults are UserErrors (``story.study``) that say in which file.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ctdc.foundation.errors import UserError

STUDIES = Path(__file__).parent / "content" / "studies"


class Figure(BaseModel):
    """One figure. unit: ``share`` (from 0 to 1), ``points`` (a difference of shares) or ``plain``; low, high: its 95 %
    interval, both its value where it has no error.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    unit: Literal["share", "points", "plain"]
    value: float
    low: float
    high: float


class Study(BaseModel):
    """A study's figures by name. source: what it was made from, and with what."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    source: str
    figures: dict[str, Figure]


@cache
def read_study(name: str, folder: Path = STUDIES) -> Study:
    """The study of this name. Raises UserError (``story.study``)."""
    path = folder / f"{name}.json"
    try:
        return Study.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UserError("story.study", f"There is no study {name!r}.", where=str(path)) from None
    except (ValidationError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError("story.study", f"This is no study: {error}.", where=str(path)) from None
