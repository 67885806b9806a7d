"""The key of the pseudonyms: made once, private, never replaced."""

from pathlib import Path

import pytest

from ctdc.foundation.errors import UserError
from ctdc.workflow.keys import fingerprint, subject_key


def test_a_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "hub" / "subject.key"
    key = subject_key(path)
    assert len(key) == 32
    assert subject_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["subject.key"]


def test_two_hubs_have_different_keys(tmp_path: Path) -> None:
    one, other = subject_key(tmp_path / "one"), subject_key(tmp_path / "other")
    assert one != other
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one) == fingerprint(one)
    assert one.hex() not in fingerprint(one)


@pytest.mark.parametrize("content", ["", "abc", "zz" * 32, "ab" * 31])
def test_what_is_no_key_is_not_used_and_not_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "subject.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(UserError) as caught:
        subject_key(path)
    assert caught.value.detail.code == "key.size"
    assert path.read_text() == content


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "subject.key"
    subject_key(path)
    path.chmod(0o644)
    with pytest.raises(UserError) as caught:
        subject_key(path)
    assert caught.value.detail.code == "key.mode"
