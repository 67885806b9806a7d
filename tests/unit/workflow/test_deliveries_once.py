"""A person who is delivered twice in one file is one person."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctdc.foundation.errors import UserError
from ctdc.workflow.config import Delivery
from ctdc.workflow.harmonise import check_once


def delivery(path: Path, text: str) -> Delivery:
    path.write_text(text)
    return Delivery(source=path, mapping="sim-hotline")


def test_one_file_under_two_names_is_refused(tmp_path: Path) -> None:
    twice = [delivery(tmp_path / "a.csv", "x"), delivery(tmp_path / "b.csv", "x")]
    with pytest.raises(UserError) as caught:
        check_once(twice)
    assert caught.value.detail.code == "run.delivered_twice"
    assert "a.csv" in caught.value.detail.where


def test_different_files_are_welcome(tmp_path: Path) -> None:
    check_once([delivery(tmp_path / "a.csv", "x"), delivery(tmp_path / "b.csv", "y")])
