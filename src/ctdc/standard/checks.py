"""What a standard must satisfy as a whole; the loader runs all of it, every time.

Each check returns sentences that say what is wrong; none means that it holds. What a single line of a file must
satisfy (labels in five languages, no repeated names) is checked where the line is read.
"""

from __future__ import annotations

from collections.abc import Iterator

from ctdc.standard import reading
from ctdc.standard.model import ProfileColumn, Standard, VariableDef
from ctdc.standard.resolve import all_variables, losses

KINDS = frozenset({"flag", "code", "year", "list"})
RULES = frozenset({"", "any", "all", "join", "recode", "among"})
# Other rooms name these in code (intake writes `unmapped` and `parse_error`), so a standard may not do without them.
REASONS = frozenset(
    {
        "not_collected",
        "not_asked",
        "unknown",
        "refused",
        "not_applicable",
        "contributor_suppressed",
        "unmapped",
        "parse_error",
    }
)


def check(standard: Standard) -> None:
    """Raises UserError (``standard.broken``) with the first thing that is wrong."""
    for problems in (_variables, _code_lists, _facts, _profiles, _entities, _crosswalks, _defects):
        for problem in problems(standard):
            raise reading.broken(problem, "the standard as a whole")


def _variables(standard: Standard) -> Iterator[str]:
    if set(standard.missing_reasons) != REASONS:
        yield f"The missing reasons are {sorted(standard.missing_reasons)}, not {sorted(REASONS)}."
    for variable in all_variables(standard).values():
        yield from _variable(standard, variable)


def _variable(standard: Standard, variable: VariableDef) -> Iterator[str]:
    known = all_variables(standard)
    if variable.kind not in KINDS or variable.rule not in RULES:
        yield f"{variable.name}: unknown kind {variable.kind!r} or rule {variable.rule!r}."
    if variable.group not in standard.groups or variable.code_list not in standard.code_lists:
        yield f"{variable.name}: unknown group {variable.group!r} or code list {variable.code_list!r}."
    if variable.denominator not in (None, "group"):
        yield f"{variable.name}: unknown denominator rule {variable.denominator!r}."
    if variable.denominator == "group" and variable.kind != "flag":
        yield f"{variable.name}: only flags have a group as their denominator."
    if variable.kind == "flag" and standard.codes(variable.name) != ("1", "0"):
        yield f"{variable.name}: a flag has the codes 1 and 0."
    if bool(variable.rule) != bool(variable.sources) or any(source not in known for source in variable.sources):
        yield f"{variable.name}: a rule without known sources, or sources without a rule."
    if (variable.rule in ("recode", "among")) != bool(variable.recode) or (variable.recode or None) not in {
        None,
        *standard.recodes,
    }:
        yield f"{variable.name}: the recode {variable.recode!r} is not known or not wanted."
    if variable.rule == "join" and len(variable.sources) > len(standard.codes(variable.name)):
        yield f"{variable.name}: more sources than codes to join."


def _code_lists(standard: Standard) -> Iterator[str]:
    regions = standard.code_lists["m49_region"].by_code
    subregions = standard.code_lists["m49_subregion"].by_code
    for subregion in subregions.values():
        if subregion.parent not in regions:
            yield f"m49_subregion: {subregion.code} lies in no region."
    for country in standard.code_lists["country"].codes:
        if country.parent and country.parent not in subregions:
            yield f"country: {country.code} lies in an unknown sub-region {country.parent!r}."


def _facts(standard: Standard) -> Iterator[str]:
    known = all_variables(standard)
    for fact in standard.facts:
        if fact.variable not in known or fact.implies not in known or fact.variable == fact.implies:
            yield f"facts.csv: {fact.variable!r} and {fact.implies!r} are not two variables."
            continue
        for name, codes in ((fact.variable, fact.codes), (fact.implies, fact.implied)):
            if unknown := sorted(set(codes) - set(standard.codes(name))):
                yield f"facts.csv: {name} has no codes {unknown}."
            if known[name].kind == "list":
                yield f"facts.csv: {name} holds several codes in one cell."
    for profile in standard.profiles.values():
        for fact in profile.facts:
            if not fact.implied:
                yield f"{profile.id}: {fact.variable} implies what {fact.implies} has no code for there."


def _profiles(standard: Standard) -> Iterator[str]:
    for profile in standard.profiles.values():
        if len(profile.by_variable) != len(profile.columns):
            yield f"{profile.id}: two columns show the same variable."
        if not set(profile.missing.values()) <= REASONS:
            yield f"{profile.id}: unknown missing reasons."
        for column in profile.columns:
            yield from (f"{profile.id}, {problem}" for problem in _column(standard, column))


def _entities(standard: Standard) -> Iterator[str]:
    for entity in standard.entities:
        own = standard.of_entity(entity)
        for variable in all_variables(own).values():
            yield from (f"{entity}: {problem}" for problem in _variable(own, variable))
    for profile in standard.profiles.values():
        if profile.links is not None:
            own = standard.of_entity(profile.links.entity)
            for column in profile.links.columns:
                yield from (f"{profile.id}, linked {problem}" for problem in _column(own, column))
            flattened = standard.profiles.get(profile.links.flattened)
            if flattened is None or set(flattened.names) != {*profile.names, *profile.linked().names}:
                yield f"{profile.id}: {profile.links.flattened!r} does not hold the columns of both tables."


def _column(standard: Standard, column: ProfileColumn) -> Iterator[str]:
    """Every code of the column must be reachable from the variable's codes, and every recode used must be known."""
    harmonised = standard.codes(column.variable)
    if column.recode and column.recode not in standard.recodes:
        yield f"{column.name}: unknown recode {column.recode!r}."
        return
    forward = standard.recodes[column.recode].forward if column.recode else {code: code for code in harmonised}
    reachable = {to for harmonised_code, to in forward.items() if harmonised_code in harmonised}
    parts = {part for code in column.codes for part in (code.split(";") if column.kind == "list" else [code])}
    if unreachable := parts - reachable:
        yield f"{column.name}: no harmonised code leads to {sorted(unreachable)}."


def _crosswalks(standard: Standard) -> Iterator[str]:
    for (source, target), crosswalk in standard.crosswalks.items():
        if source not in standard.profiles or target not in standard.profiles:
            yield f"crosswalk {source} -> {target}: unknown profile."
            continue
        computed = losses(standard, standard.profiles[source], standard.profiles[target])
        declared = (crosswalk.absent, crosswalk.partial, crosswalk.dropped)
        for name, found, listed in zip(("absent", "partial", "dropped"), computed, declared, strict=True):
            if set(found) != set(listed):
                yield f"crosswalk {source} -> {target}: {name} should be {list(found)}."


def _defects(standard: Standard) -> Iterator[str]:
    for defect in standard.defects:
        profile = standard.profiles.get(defect.profile)
        if profile is None or defect.column not in profile.names:
            yield f"defects.csv: no column {defect.column!r} in {defect.profile!r}."
