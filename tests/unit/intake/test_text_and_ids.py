import hmac

import numpy as np
import pytest

from ctdc.foundation.errors import UserError
from ctdc.intake.ids import IdCheck, canonical
from ctdc.intake.readers.frame import Column
from ctdc.intake.subject import Subjects, read_key, read_or_create_key
from ctdc.intake.text import column_key, fold


def test_folding_forgives_what_cannot_be_seen() -> None:
    assert fold("  Coerção\u00a0 LABORAL ") == fold("coerc\u0327a\u0303o laboral")
    assert fold("\ufeffYes\u200b") == "yes"
    assert fold("a") != fold("á")
    assert column_key("Date  of\nbirth ") == "Date of birth"


@pytest.mark.parametrize(
    ("text", "plain"),
    [("007", "7"), ("8.0", "8"), ("7", "7"), ("0", "0"), ("A-007", "A-007"), ("1.5", "1.5"), ("00", "0")],
)
def test_numbers_behind_ids(text: str, plain: str) -> None:
    assert canonical(text) == plain


def column(texts: list[str]) -> tuple[Column, np.ndarray]:
    return Column(texts, np.arange(len(texts), dtype=np.int32)), np.arange(2, len(texts) + 2, dtype=np.int64)


def test_repeated_ids_and_two_spellings_are_different_findings() -> None:
    ids = IdCheck()
    ids.add(*column(["a", "007", "a", "7", "", "8.0", "9"]))
    found = {clash.kind: clash.rows for clash in ids.clashes()}
    assert found == {"repeated": (2, 4), "two_spellings": (3, 5)}
    assert ids.empty_rows == [6]


def test_the_subject_is_hmac_sha256_and_needs_the_key() -> None:
    key = b"0123456789abcdef" * 2
    wanted = hmac.digest(key, b"org\x00case 1", "sha256").hex()[:32]
    assert Subjects(key, "org").hashes(["case 1"]) == [wanted]
    assert Subjects(key, "other").hashes(["case 1"]) != [wanted]
    long_key = b"x" * 100
    assert Subjects(long_key, "o").hashes(["1"]) == [hmac.digest(long_key, b"o\x001", "sha256").hex()[:32]]


def test_the_key_file_is_made_once_and_only_for_its_owner(tmp_path) -> None:
    path = tmp_path / "keys" / "subject.key"
    key, made = read_or_create_key(path)
    assert made
    assert len(key) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_or_create_key(path) == (key, False)
    path.chmod(0o644)
    with pytest.raises(UserError, match="read by other users"):
        read_key(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(UserError, match="5 bytes"):
        read_key(path)
