"""The sentences of the pages of data sets and variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ctdc.release.texts import Catalogue

DATASET_TEXTS = Catalogue(Path(__file__).parent / "texts")


def dataset_text(language: str) -> Any:
    """A function from key and values to a message in a language."""

    def text(key: str, **values: str) -> str:
        return DATASET_TEXTS.text(language, key, **values)

    return text
