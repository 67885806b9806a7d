"""Writes the reference of the standard (docs/reference/standard.md) from the standard itself.

Promise: the page says what the loader loads; a test compares the two, so that it cannot drift. English only, as the
documentation is; the five languages are in the exports and in every release's codebook.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ctdc.standard.countries import Policy, policies
from ctdc.standard.languages import DEFAULT
from ctdc.standard.model import CodeList, Crosswalk, Fact, Profile, Standard, VariableDef

MOST_CODES = 12  # longer lists are described, not written out, in the tables of variables
HEAD = """# The standard: variables, codes, profiles

<!-- Written by 'ctdc standard export --format markdown' from the standard itself; do not edit. -->

Version {version}. Contributors' files are brought to the *harmonised* variables, the finest level that anybody
publishes; *derived* variables and the published *profiles* are computed from them. Labels and definitions exist in
Arabic, English, French, German and Spanish; this page shows the English ones. The data files, and where each list
comes from, are described in [their own page](../../src/ctdc/standard/data/README.md).

* `ctdc standard show` lists the variables, `ctdc standard show gender` describes one.
* `ctdc standard export --format csv` (or `json`, or `table-schema`) writes them for other programs.
"""
CHECKS = """## What the loader checks

A standard is refused, with file and line, unless every variable, code, group, profile and missing reason has its text
in all five languages; every name is unique; every derived variable has known sources; every code of a profile can be
reached from a harmonised code; every fact by definition is about codes that exist, also in the profiles that have it;
every country lies in a known sub-region or in none; and each crosswalk states exactly what is absent, partial and
dropped.
"""
DENOMINATOR = """## Denominators

Shares of variables whose denominator is `group` follow the rule of the synthetic codebook of 2024, section 6: a record
in which anything is known in the group counts in the denominator of every variable of the group, and what is empty
there counts as "no"; a record with nothing known in the group is left out. A record may have several, so shares may add
up to more than 100 %. All other shares are taken over the records in which the variable itself is known. An empty cell
alone is never a "no".
"""
FACTS = """A profile has those of which it shows both variables. Cases are brought into agreement with them when a
profile is derived, and protected records never contradict them: see
[Facts by definition](../explanation/facts-by-definition.md).
"""


LINKED = """A case may have several of them, each a row of its own with these variables. The {number}: {definition}
"""


def to_markdown(standard: Standard) -> str:
    """The whole page."""
    parts = [
        HEAD.format(version=standard.version),
        *_variables(standard),
        DENOMINATOR,
        *_facts(standard),
        *_missing_reasons(standard),
        *_entities(standard),
        *_profiles(standard),
        *_crosswalks(standard),
        *_code_lists(standard),
        *_policy(),
        *_defects(standard),
        CHECKS,
    ]
    return "\n".join(part.strip() + "\n" for part in parts)


def table(header: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    names = list(header)
    body = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in [names, ["---"] * len(names), *body])


def code(text: str) -> str:
    """Text in code style; nothing for nothing."""
    return f"`{text}`" if text else ""


def codes_in_words(code_list: CodeList) -> str:
    """The codes with their English labels, or how many there are when they are many."""
    if len(code_list.codes) > MOST_CODES:
        return f"{len(code_list.codes)} codes of the list {code(code_list.id)}"
    return ", ".join(
        code(one.code) if one.labels[DEFAULT] == one.code else f"{code(one.code)} {one.labels[DEFAULT]}"
        for one in code_list.codes
    )


def _variables(standard: Standard) -> Iterator[str]:
    for title, variables in (("Harmonised", standard.variables), ("Derived", standard.derived)):
        yield f"## {title} variables"
        for group in standard.groups.values():
            lines = [_variable_line(standard, one) for one in variables.values() if one.group == group.id]
            if lines:
                yield f"### {title}: {group.labels[DEFAULT].lower()}"
                yield table(("name", "label and meaning", "codes", "denominator", "source"), lines)


def _variable_line(standard: Standard, variable: VariableDef) -> list[str]:
    meaning = f"**{variable.labels[DEFAULT]}.** {variable.definitions[DEFAULT]}"
    if variable.is_derived:
        meaning += f" Rule: {variable.rule} of {', '.join(map(code, variable.sources))}."
    codes = "yes or no" if variable.kind == "flag" else codes_in_words(standard.code_lists[variable.code_list])
    several = "one or several of " if variable.kind == "list" else ""
    return [code(variable.name), meaning, several + codes, variable.denominator or "", variable.source]


def _entities(standard: Standard) -> Iterator[str]:
    for entity in standard.entities.values():
        own = standard.of_entity(entity.id)
        yield f"## Linked rows: {entity.labels[DEFAULT].lower()}"
        yield LINKED.format(number=entity.number[DEFAULT].lower(), definition=entity.number_definition[DEFAULT])
        yield table(
            ("name", "label and meaning", "codes", "denominator", "source"),
            (_variable_line(own, one) for one in (*own.variables.values(), *own.derived.values())),
        )


def _facts(standard: Standard) -> Iterator[str]:
    yield "## True by definition"
    yield FACTS
    yield table(
        ("who has", "in", "has", "in", "why"),
        (
            [", ".join(map(code, one.codes)), code(one.variable), _allowed(one), code(one.implies), one.why]
            for one in standard.facts
        ),
    )


def _allowed(fact: Fact) -> str:
    return ", ".join(map(code, fact.implied)) + (" or nothing" if fact.or_unknown else "")


def _missing_reasons(standard: Standard) -> Iterator[str]:
    yield "## Why a value is missing"
    yield "Every empty value of a harmonised case has one of these reasons. Profiles show it as an empty cell."
    yield table(
        ("code", "label", "meaning"),
        ((code(one.id), one.labels[DEFAULT], one.definitions[DEFAULT]) for one in standard.missing_reasons.values()),
    )


def _profiles(standard: Standard) -> Iterator[str]:
    yield "## Profiles"
    yield table(
        ("profile", "title", "columns", "years", "source"),
        (
            [code(p.id), p.title[DEFAULT], str(len(p.columns)), f"{p.years[0]} to {p.years[1]}", p.source]
            for p in standard.profiles.values()
        ),
    )
    for profile in standard.profiles.values():
        yield f"### Columns of {profile.id}"
        yield table(("column", "variable", "codes"), _profile_lines(standard, profile))
        if profile.links:
            links = profile.links
            yield (
                f"With {code(links.number)}, and of each case at most {links.most} rows of {links.name}, whose columns "
                f"are the following. Both in one row per case: {code(links.flattened)}."
            )
            yield table(("column", "variable", "codes"), _profile_lines(standard, profile.linked()))
        if profile.missing:
            yield f"Read as no value: {', '.join(map(code, profile.missing))}."


def _profile_lines(standard: Standard, profile: Profile) -> Iterator[list[str]]:
    for column in profile.columns:
        many = len(column.codes) > MOST_CODES
        codes = f"{len(column.codes)} of {code(column.code_list)}" if many else ", ".join(map(code, column.codes))
        variable = "" if column.variable == column.name else code(column.variable)
        yield [code(column.name), variable, f"any of {codes}" if profile.is_open_list(column) else codes]


def _crosswalks(standard: Standard) -> Iterator[str]:
    yield "## Crosswalks between profiles"
    yield "A published file can become a newer or coarser shape. What each way loses is stated and tested."
    yield table(
        ("from", "to", "absent (empty)", "partial (misses cases)", "dropped", "note"),
        (_crosswalk_line(one) for one in standard.crosswalks.values()),
    )


def _crosswalk_line(crosswalk: Crosswalk) -> list[str]:
    lists = (", ".join(map(code, names)) for names in (crosswalk.absent, crosswalk.partial, crosswalk.dropped))
    return [code(crosswalk.source), code(crosswalk.target), *lists, crosswalk.note]


def _code_lists(standard: Standard) -> Iterator[str]:
    yield "## Code lists"
    yield table(
        ("list", "codes", "source"),
        ([code(one.id), str(len(one.codes)), one.source] for one in standard.code_lists.values()),
    )


def _policy() -> Iterator[str]:
    yield "## Former and disputed country codes"
    yield table(
        ("code", "name", "counted as", "relationship", "source"),
        (_policy_line(one) for one in policies()),
    )


def _policy_line(policy: Policy) -> list[str]:
    codes = ", ".join(code(one) for one in (policy.alpha2, policy.alpha3) if one)
    return [codes, policy.name, code(policy.counted_as), policy.relationship, policy.source]


def _defects(standard: Standard) -> Iterator[str]:
    yield "## Known defects of the published files"
    yield table(
        ("profile", "column", "value", "what is wrong", "what we do"),
        ([code(d.profile), code(d.column), code(d.value), d.what, d.treatment] for d in standard.defects),
    )
