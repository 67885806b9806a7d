"""The fast derivation against a slow one that reads the rules row by row: they must agree on any cases."""

from random import Random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctdc.standard import load
from ctdc.standard.crosswalk import read_published
from ctdc.standard.derive import derive
from ctdc.standard.model import Profile, ProfileColumn
from ctdc.standard.settle import settle

STANDARD = load()
Case = dict[str, str | None]


def value(random: Random, name: str) -> str | None:
    """Empty in half of the cases, as in real ones; a few dozen countries are as good as all."""
    codes = STANDARD.codes(name)[:40]
    if random.random() < 0.5:
        return None
    if STANDARD.variables[name].kind == "list":
        return ";".join(sorted(random.sample(codes, random.randint(1, len(codes)))))
    return random.choice(codes)


def make_cases(seed: int) -> list[Case]:
    """Cases from a seed: drawing 68 values one by one from strategies would take most of the test's time."""
    random = Random(seed)
    return [{name: value(random, name) for name in STANDARD.variables} for _ in range(random.randint(1, 20))]


CASES = st.integers(0, 2**32).map(make_cases)


def slow_variable(case: Case, name: str) -> str | None:
    if name in STANDARD.variables:
        return case[name]
    variable = STANDARD.derived[name]
    sources = [slow_variable(case, source) for source in variable.sources]
    if variable.rule == "any":
        return "1" if "1" in sources else "0" if "0" in sources else None
    if variable.rule == "all":
        return None if None in sources else "1" if set(sources) == {"1"} else "0"
    if variable.rule == "join":
        texts = [text for text, source in zip(STANDARD.codes(name), sources, strict=False) if source == "1"]
        return ";".join(sorted(texts)) or None
    return STANDARD.recodes[variable.recode].forward.get(sources[0] or "")


def slow_cell(case: Case, column: ProfileColumn, profile: Profile) -> str | None:
    value = slow_variable(case, column.variable)
    if value is None:
        return None
    words = STANDARD.recodes[column.recode].forward if column.recode else {}
    if column.kind == "list":
        value = profile.separator.join(sorted(words.get(part, part) for part in value.split(";")))
        return value if profile.is_open_list(column) or value in column.codes else None
    value = words.get(value, value if not words else "")
    return value if value in column.codes else None


@pytest.mark.slow
@settings(max_examples=40)
@given(CASES)
def test_both_derivations_agree(cases: list[Case]) -> None:
    table = pa.table({name: pa.array([case[name] for case in cases], pa.string()) for name in STANDARD.variables})
    for profile in STANDARD.profiles.values():
        expected = [{column.name: slow_cell(case, column, profile) for column in profile.columns} for case in cases]
        assert derive(table, profile).to_pylist() == expected


@pytest.mark.slow
@settings(max_examples=40)
@given(CASES)
def test_what_a_profile_publishes_it_can_read(cases: list[Case]) -> None:
    table = pa.table({name: pa.array([case[name] for case in cases], pa.string()) for name in STANDARD.variables})
    for profile in STANDARD.profiles.values():
        published = derive(table, profile)
        again = read_published(published, profile)
        for column in profile.columns:
            filled = [value is not None for value in published.column(column.name).to_pylist()]
            assert (again[column.variable].indices >= 0).tolist() == filled


@pytest.mark.slow
@settings(max_examples=40)
@given(CASES)
def test_settled_cases_contradict_no_fact_and_nothing_is_replaced(cases: list[Case]) -> None:
    table = pa.table({name: pa.array([case[name] for case in cases], pa.string()) for name in STANDARD.variables})
    for profile in STANDARD.profiles.values():
        settled = settle(table, profile)
        for before, after in zip(table.to_pylist(), settled.to_pylist(), strict=True):
            changed = {name for name in STANDARD.variables if before[name] != after[name]}
            assert not [name for name in changed if before[name] and after[name]]
            assert changed <= {name for fact in STANDARD.facts for name in (fact.variable, fact.implies)}
        for record in derive(settled, profile).to_pylist():
            for fact in profile.facts:
                if record[fact.variable] in fact.codes:
                    assert record[fact.implies] in (*fact.implied, *([None] if fact.or_unknown else []))
