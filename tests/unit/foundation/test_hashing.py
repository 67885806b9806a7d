"""Equal values have equal hashes; different values have different ones."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdc.foundation.hashing import CHUNK_BYTES, canonical_json, hash_bytes, hash_file, hash_tree, hash_value

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_known_hashes() -> None:
    assert hash_bytes(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert canonical_json({"b": [1, None], "a": "é"}) == '{"a":"é","b":[1,null]}'.encode()
    assert hash_value({}) == hashlib.sha256(b"{}").hexdigest()


@given(st.dictionaries(st.text(), JSON_VALUES))
def test_the_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    assert hash_value(value) == hash_value(dict(reversed(value.items())))


@given(JSON_VALUES)
def test_nothing_is_lost_so_different_values_have_different_hashes(value: object) -> None:
    assert json.loads(canonical_json(value)) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        hash_value(value)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1])
def test_a_file_is_hashed_whole(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    assert hash_file(path) == hashlib.sha256(b"x" * size).hexdigest()


def test_a_tree_hash_sees_names_contents_and_depth(tmp_path: Path) -> None:
    hashes = set()
    for number, (name, content) in enumerate([("a", "1"), ("b", "1"), ("a", "2"), ("deep/a", "1")]):
        path = tmp_path / str(number) / name
        path.parent.mkdir(parents=True)
        path.write_text(content)
        hashes.add(hash_tree(tmp_path / str(number)))
    assert len(hashes) == 4


def test_a_tree_hash_does_not_depend_on_the_order_of_writing(tmp_path: Path) -> None:
    for folder, order in (("one", "ab"), ("two", "ba")):
        (tmp_path / folder).mkdir()
        for name in order:
            (tmp_path / folder / name).write_text(name)
    assert hash_tree(tmp_path / "one") == hash_tree(tmp_path / "two")
