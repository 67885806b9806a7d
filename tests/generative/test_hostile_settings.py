"""Whatever is typed after a command, it does what it says or refuses with a sentence; nothing is charged in between."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.hostile import Said, ctdc, names, numbers

from ctdc.privacy import ledger

pytestmark = pytest.mark.slow
SCHEMA = {
    "fields": [
        {"name": "a", "constraints": {"enum": ["x", "y"]}},
        {"name": "b", "constraints": {"enum": ["u", "v"]}},
    ]
}
PROTECT = ("protect", "cases.csv", "--schema", "schema.json", "--out", "safe")
FEW = settings(max_examples=40)


@pytest.fixture(scope="module")
def here() -> Iterator[Path]:
    """A folder with a table and its schema, which no refused command may change."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cases.csv").write_text("a,b\n" + "x,u\ny,v\nx,\n,u\n" * 10)
        (folder / "schema.json").write_text(json.dumps(SCHEMA))
        yield folder


def charges(folder: Path) -> int:
    return sum(line.event["kind"] == "charge" for line in ledger.read(folder / "ledger.jsonl"))


def options(**strategies: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """Some of the options, each with a value of its own; --NAME=VALUE, so that a value may begin with a hyphen."""
    pairs = [given_value.map(lambda value, name=name: f"--{name}={value}") for name, given_value in strategies.items()]
    return st.lists(st.one_of(pairs), min_size=1, max_size=3)


def whole_or_nothing(folder: Path, out: str, said: Said) -> None:
    """Done, with what was asked for; or refused, with everything as it was."""
    if said.code:
        said.is_a_refusal()
    else:
        assert out in said.changed


SETTINGS = options(
    epsilon=numbers(),
    delta=numbers(),
    length=numbers(),
    threshold=numbers(),
    seed=numbers(),
    cases=numbers(),
    population=names(),
    cohort=names(),
    columns=names(),
    profile=names(),
    workload=names(),
    ledger=st.sampled_from(["", ".", "..", "cases.csv", "cases.csv/l", "/", "/proc/none/l"]),
    schema=st.sampled_from(["", ".", "none", "cases.csv"]),
    **{"subject-id": names(), "max-rows": numbers(), "link": names(), "max-links": numbers(), "linked": names()},
)


@FEW
@given(SETTINGS)
@example(["--epsilon=1e-300"])
@example(["--epsilon=0"])
@example(["--epsilon=-1"])
@example(["--epsilon=inf"])
@example(["--epsilon=nan"])
@example(["--delta=0"])
@example(["--delta=1"])
@example(["--delta=nan"])
@example(["--threshold=1e308"])
@example(["--threshold=nan"])
@example(["--seed=-1"])
@example(["--seed=" + "9" * 400])
@example(["--cases=" + "9" * 400])
@example(["--population=\udcff"])
@example(["--population="])
@example(["--ledger=."])
@example(["--max-rows=5"])
def test_a_protection_is_made_and_paid_for_or_neither(here: Path, typed: list[str]) -> None:
    fresh = f"safe-{charges(here)}"
    before = charges(here)
    said = ctdc(here, *PROTECT[:-1], fresh, "--epsilon=1", *typed)
    if said.code:
        said.is_a_refusal()
        assert charges(here) == before
    else:
        assert f"{fresh}/privacy.json" in said.changed
        assert not any(path.startswith(f".{fresh}") for path in said.changed), "what was half done is gone"


@FEW
@given(SETTINGS)
def test_a_check_writes_nothing_whatever_it_says(here: Path, typed: list[str]) -> None:
    said = ctdc(here, *PROTECT, "--epsilon=1", "--check", *typed)
    assert not said.changed
    assert said.code == 0 or said.is_a_refusal()


@FEW
@given(
    options(
        epsilon=numbers(),
        delta=numbers(),
        length=numbers(),
        cases=numbers(),
        threshold=numbers(),
        table=names(),
        profile=names(),
        workload=names(),
        **{"at-most": numbers(), "for-length": numbers()},
    )
)
@example(["--cases=" + "9" * 400])
@example(["--at-most=nan"])
@example(["--at-most=1e-300"])
@example(["--epsilon=5e-324"])
def test_a_plan_is_told_or_refused(here: Path, typed: list[str]) -> None:
    said = ctdc(here, "plan", "--schema", "schema.json", *typed)
    assert not said.changed
    assert said.code == 0 or said.is_a_refusal()


@FEW
@given(
    options(
        k=numbers(),
        quasi=names(),
        delimiter=names(),
        hierarchies=names(),
        **{
            "l-diversity": numbers().map("b:{}".format) | names(),
            "t-closeness": numbers().map("b:{}".format) | names(),
        },
    ),
    st.integers(0, 10**9),
)
@example(["--k=" + "9" * 400], 1)
@example(["--quasi=a", "--t-closeness=b:nan"], 2)
@example(["--quasi=a", "--l-diversity=b:-1"], 3)
@example(["--delimiter="], 4)
@example(["--delimiter=;;"], 5)
@example(["--delimiter=\n"], 6)
def test_a_table_is_anonymised_or_nothing_is_written(here: Path, typed: list[str], number: int) -> None:
    out = f"anonymous-{number}-{len(list(here.iterdir()))}"
    said = ctdc(here, "anonymise", "cases.csv", "--quasi=a,b", "--k=2", "--out", out, *typed)
    whole_or_nothing(here, out, said)


def test_a_demand_that_is_no_number_is_never_met_by_silence(here: Path) -> None:
    said = ctdc(here, "anonymise", "cases.csv", "--quasi=a", "--k=2", "--out", "x", "--t-closeness=b:nan")
    assert said.is_a_refusal()
    assert "from 0 to 1" in said.err


@FEW
@given(options(delimiter=names(), **{"max-codes": numbers(), "subject-id": names()}))
@example(["--delimiter=\udcff"])
@example(["--delimiter=é"])
def test_a_draft_of_a_schema_is_printed_or_refused(here: Path, typed: list[str]) -> None:
    said = ctdc(here, "schema", "infer", "cases.csv", *typed)
    assert not said.changed
    assert said.code == 0 or said.is_a_refusal()


@FEW
@given(options(epsilon=numbers(), delta=numbers(), population=names()))
@example(["--epsilon=5e-324"])
@example(["--epsilon=1e308"])
@example(["--delta=5e-324"])
@example(["--population=\udcff"])
def test_a_budget_is_set_or_the_ledger_stays(here: Path, typed: list[str]) -> None:
    said = ctdc(here, "ledger", "budget", "budgets.jsonl", "--epsilon=1", "--population=all", *typed)
    if said.code:
        said.is_a_refusal()
    else:
        assert said.changed == {"budgets.jsonl"}
        assert ctdc(here, "ledger", "show", "budgets.jsonl").code == 0
