"""Append-only files whose lines hold one another."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from ctdc.foundation import chain


def anything_goes(_: Any) -> str:
    return ""


def written(path: Path, count: int) -> list[chain.Line]:
    lines: list[chain.Line] = []
    for number in range(count):
        lines.append(chain.Line.after(lines[-1] if lines else None, {"number": number}))
        chain.append(path, lines[-1])
    return lines


def test_what_was_written_is_read_and_the_last_line_is_found_alone(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    assert chain.read(path, anything_goes) == ()
    assert chain.last(path) is None
    lines = written(path, 5)
    assert list(chain.read(path, anything_goes)) == lines
    assert chain.last(path) == lines[-1]


def test_a_line_longer_than_the_tail_that_is_read_first_is_found(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    (first,) = written(path, 1)
    line = chain.Line.after(first, {"text": "x" * 200_000})
    chain.append(path, line)
    assert chain.last(path) == line
    following = chain.Line.after(line, {})
    chain.append(path, following)
    assert chain.read(path, anything_goes)[1:] == (line, following)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_first_bad_line_is_named(tmp_path: Path, number: int) -> None:
    path = tmp_path / "lines"
    written(path, 4)
    texts = path.read_text().splitlines(keepends=True)
    changed, gone, swapped = list(texts), list(texts), list(texts)
    changed[number - 1] = changed[number - 1].replace('"number": ', '"number": 1')
    del gone[number - 1]
    swapped[number - 1 : number + 1] = reversed(swapped[number - 1 : number + 1])
    for damaged in (changed, gone, swapped):
        path.write_text("".join(damaged))
        with pytest.raises(chain.Broken) as caught:
            chain.read(path, anything_goes)
        assert caught.value.number == number


@pytest.mark.parametrize(
    ("written_as", "instead"),
    [(b'"number": 1', b'"number":1'), (b'"number"', b'"numb\\u0065r"'), (b'"sequence": 2', b'"x": 0, "sequence": 2')],
)
def test_a_line_that_says_the_same_in_another_form_is_bad(tmp_path: Path, written_as: bytes, instead: bytes) -> None:
    path = tmp_path / "lines"
    written(path, 3)
    texts = path.read_bytes().splitlines(keepends=True)
    texts[1] = texts[1].replace(written_as, instead)
    path.write_bytes(b"".join(texts))
    with pytest.raises(chain.Broken, match="as it was written") as caught:
        chain.read(path, anything_goes)
    assert caught.value.number == 2


def test_what_events_can_say_comes_back_in_the_form_in_which_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    event = {"b": 0.1 + 0.2, "a": [1e-300, -0.0, 1e22, 3, None, True], "text": 'ä \u2028 \U0001f600 " \\'}
    chain.append(path, chain.Line.after(None, event))
    assert chain.read(path, anything_goes)[0].event == event


def test_a_torn_line_was_never_written_and_gives_way_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    lines = written(path, 2)
    with path.open("ab") as stream:
        stream.write(b'{"sequence": 3, "prev')
    assert list(chain.read(path, anything_goes)) == lines
    third = chain.Line.after(chain.last(path), {"number": 2})
    chain.append(path, third)
    assert list(chain.read(path, anything_goes)) == [*lines, third]


def test_a_full_disk_leaves_the_lines_that_were_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lines"
    lines = written(path, 2)
    before = path.read_bytes()
    real, calls = os.pwrite, []

    def half_then_full(descriptor: int, data: bytes, offset: int) -> int:
        calls.append(offset)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[:20], offset)

    monkeypatch.setattr(os, "pwrite", half_then_full)
    with pytest.raises(OSError, match="No space"):
        chain.append(path, chain.Line.after(lines[-1], {}))
    assert path.read_bytes() == before
