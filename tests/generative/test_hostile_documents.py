"""Documents with one thing wrong, wherever it stands: read as they are, or refused with a sentence."""

import json
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.fuzz.targets import EVALUATION, EVENTS, HIERARCHIES, PLAN, TARGETS, WORKLOAD, as_lines, shipped
from tests.support.hostile import changed, toml_document

from ctdc.foundation.errors import UserError

pytestmark = pytest.mark.slow
QUICK = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
JSON_TARGETS = ("schema", "workload_json", "manifest", "privacy", "codebook", "audit", "twin", "certificate")
TOML_TARGETS = {"plan": PLAN, "hierarchies": HIERARCHIES, "workload_toml": WORKLOAD, "evaluation": EVALUATION}


def read(name: str, content: bytes) -> str:
    """The code of the refusal, empty when the file was read. Anything else that is raised fails the test."""
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, target.file)
        path.write_bytes(target.wrap(content))
        try:
            target.read(path)
        except UserError as error:
            json.dumps(error.detail.as_dict(), ensure_ascii=False).encode()
            assert error.detail.what.endswith((".", "?", ")")), error
            return error.detail.code
    return ""


@pytest.mark.parametrize("name", JSON_TARGETS)
@QUICK
@given(data=st.data())
def test_a_changed_json_document(name: str, data: st.DataObject) -> None:
    seed = json.loads(data.draw(st.sampled_from(list(TARGETS[name].seeds()))))
    read(name, json.dumps(data.draw(changed(seed))).encode())


@pytest.mark.parametrize("name", TOML_TARGETS)
@QUICK
@given(data=st.data())
def test_a_changed_toml_document(name: str, data: st.DataObject) -> None:
    document = data.draw(changed(tomllib.loads(TOML_TARGETS[name].decode())))
    read(name, toml_document(document).encode(errors="surrogatepass"))


@settings(QUICK, max_examples=25)
@given(data=st.data())
def test_a_changed_mapping(data: st.DataObject) -> None:
    document: Any = yaml.load(shipped("mapping.yaml")[0], Loader=yaml.BaseLoader)
    read("mapping", yaml.safe_dump(data.draw(changed(document)), allow_unicode=True).encode(errors="surrogatepass"))


@QUICK
@given(events=changed(EVENTS))
@example([EVENTS[2] | {"rho_billionths": 10**299}])
@example([EVENTS[2] | {"at": "9999-99-99T99:99:99Z"}])
@example([EVENTS[0] | {"epsilon": 5e-324}])
@example([EVENTS[0] | {"delta": 5e-324}, EVENTS[2]])
def test_changed_events_of_a_ledger_whose_chain_fits(events: Any) -> None:
    """Whoever forges a ledger can compute its hashes."""
    read("ledger_events", as_lines(events if isinstance(events, list) else [events]))


@QUICK
@given(place=st.integers(0, 2000), byte=st.integers(0, 255), cut=st.booleans())
def test_a_changed_or_cut_ledger(place: int, byte: int, cut: bool) -> None:
    """One byte that is another is found; what a crash cut off was never charged."""
    whole = TARGETS["ledger_events"].wrap(as_lines(EVENTS))
    place %= len(whole)
    other = whole[:place] if cut else whole[:place] + bytes([byte]) + whole[place + 1 :]
    found = read("ledger", other)
    last = whole[:-1].rindex(b"\n") + 1
    unread = other == whole or cut or place == len(whole) - 1
    same = unread or (place < last and json_equal(whole, other))
    assert (found == "") == (same or json_equal(whole, other))


def json_equal(one: bytes, other: bytes) -> bool:
    """Whether the lines say the same (a space may be a tab)."""
    try:
        return [json.loads(line) for line in one.split(b"\n") if line] == [
            json.loads(line) for line in other.split(b"\n") if line
        ]
    except ValueError:
        return False


DEEP = b"[" * 50_000
LONG = b"9" * 5000


NOTHING = {
    **{"empty": b"", "zero": b"\0", "no text": b"\xff", "mark": b"\xef\xbb\xbf", "list": b"[]", "null": b"null"},
    **{"number": b"0", "text": b'"a"', "object": b"{}", "deep": DEEP, "deeper": b'{"a":' * 50_000, "long": LONG},
    **{"keys": b"a: " * 3000, "questions": b"? " * 50_000, "dashes": b"- " * 50_000},
}


@pytest.mark.parametrize("name", TARGETS)
def test_files_that_are_nothing(name: str) -> None:
    for content in NOTHING.values():
        read(name, content)


@pytest.mark.parametrize("name", ["plan", "hierarchies", "workload_toml"])
@pytest.mark.parametrize(
    "content",
    [
        b"a = " + DEEP,
        b"a = " + LONG,
        b"length = " + LONG,
        b"a." * 20_000 + b"a = 1",
        b"length = 1\n[[weights]]\nset = ['a']\nweight = 1" + b"0" * 400,
        b"out = 'o'\n[privacy]\nepsilon = 1" + b"0" * 400 + b"\n[release]\nname = 'a'",
        b"out = 'o'\n[privacy]\nepsilon = nan\ndelta = inf\n[release]\nname = 'a'",
        b"[[year]]\nbands = 1" + b"0" * 100,
        b"[[year]]\nbands = 3\nfrom = -9" + b"0" * 290,
        b"a = 1979-05-27T07:32:00Z",
        b'a = "\\uD800"',
    ],
)
def test_hostile_toml(name: str, content: bytes) -> None:
    read(name, content)
