"""The programs of a release: the findings computed anew from its files, in base R and in Stata.

Promise: each is made for one release and names only variables, codes and files that it has; it needs nothing but the
release's folder; what it computes is what the ready tables hold (a test runs the R program and compares). No name can
become a command to whoever runs it: of a release with a name that either language could take for more, none is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import polars as pl

from ctdc.release.metadata.facts import DATA
from ctdc.release.ready.files import csv_path
from ctdc.release.vocabulary import FLAG_CODES, Group, Vocabulary
from ctdc.standard.languages import DEFAULT

R_PATH, STATA_PATH = f"{DATA}findings.R", f"{DATA}findings.do"
# Names without a quote, a macro, a comment, an escape or what the published counts divide by, in either language.
PLAIN = re.compile(r"\w(?:[\w .+-]*[\w.+-])?")
_FOLDER = Path(__file__).parent / "programs"


def programs(
    name: str, vocabulary: Vocabulary, aggregates: pl.DataFrame, tables: pl.DataFrame, threshold: float
) -> dict[str, bytes]:
    """Both programs by their paths; none where a name is not `PLAIN`.

    name: of the release; aggregates: its published counts; tables: the ready ones.
    """
    given = [group.id for group in vocabulary.groups if not _is_published(group, aggregates)]
    codes = [words.name for words in vocabulary.variables if words.kind == "code"]
    r = {
        "NAME": name,
        "THRESHOLD": f"{threshold:g}",
        "TABLES": csv_path(DEFAULT).removeprefix(DATA),
        "VARIABLES": _r_vector(codes),
        "GROUPS": _r_list({group.id: group.variables for group in vocabulary.groups}),
        "GIVEN": _r_vector(given),
    }
    stata = {
        "NAME": name,
        "THRESHOLD": f"{threshold:g}",
        "UNIONS": "".join(_union(at, group) for at, group in enumerate(vocabulary.groups) if group.id not in given),
        "VARIABLES": "\n".join(f'replace table = "all-{one}" if variable == "{one}"' for one in codes),
        "GROUPS": "\n".join(
            f'replace table = "all-{group.id}" if variable == "{flag}"'
            for group in vocabulary.groups
            for flag in group.variables
        ),
        "WHOLES": "".join(_wholes(vocabulary, given, tables)),
    }
    names = [*codes, *(name for group in vocabulary.groups for name in (group.id, *group.variables))]
    made = {R_PATH: _filled("findings.R", r), STATA_PATH: _filled("findings.do", stata)}
    return made if all(map(PLAIN.fullmatch, names)) else {}


def _filled(name: str, values: dict[str, str]) -> bytes:
    text = (_FOLDER / name).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text.encode()


def _is_published(group: Group, aggregates: pl.DataFrame) -> bool:
    """Whether the counts of all combinations of a group's flags are published, so that they give its denominator."""
    keys = {_key(flags) for flags in _subsets(group.variables)}
    return set(aggregates.filter(pl.col("attributes").is_in(list(keys)))["attributes"]) == keys


def _subsets(flags: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for size in range(1, len(flags) + 1):
        yield from combinations(flags, size)


def _key(flags: Sequence[str]) -> str:
    """How the published counts write the people with all these flags."""
    return "{" + ",".join(f'"{flag}":"{FLAG_CODES[0]}"' for flag in flags) + "}"


# ---- R ---------------------------------------------------------------------------------------------------------------


def _r_text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _r_vector(texts: Sequence[str]) -> str:
    return "character(0)" if not texts else f"c({', '.join(map(_r_text, texts))})"


def _r_list(named: dict[str, tuple[str, ...]]) -> str:
    if not named:
        return "list()"
    return "list(\n" + ",\n".join(f"  {_r_text(name)} = {_r_vector(flags)}" for name, flags in named.items()) + "\n)"


# ---- Stata -----------------------------------------------------------------------------------------------------------


def _union(at: int, group: Group) -> str:
    """Lines that give a group's union, its variance, and its covariance with each flag, as scalars numbered `at`."""
    flags, size = group.variables, len(group.variables)
    lines = [f"* {group.id}"]
    places = {subset: place for place, subset in enumerate(_subsets(flags))}
    for subset, place in places.items():
        key = _key(subset).replace('"', "")
        lines += [
            f'summarize count if attributes == "{key}", meanonly',
            f"scalar u{at}_c{place} = r(mean)",
            f'summarize standard_error if attributes == "{key}", meanonly',
        ]
        inherited = [f"scalar(total_variance) / {4 ** len(subset)}"]
        inherited += [
            f"scalar(u{at}_r{other}) / {4 ** (len(subset) - len(inner))}"
            for inner, other in places.items()
            if set(inner) < set(subset)
        ]
        lines.append(f"scalar u{at}_r{place} = max(0, r(mean)^2 - {' - '.join(inherited)})")
    signs = [f"{'-' if len(subset) % 2 == 0 else '+'} scalar(u{at}_c{place})" for subset, place in places.items()]
    lines.append(f"scalar u{at}_value = 0 {' '.join(signs)}")
    part = 1 - 2.0**-size
    own = [f"scalar(u{at}_r{place}) / {4 ** (size - len(subset))}" for subset, place in places.items()]
    lines.append(f"scalar u{at}_variance = scalar(total_variance) * {part**2!r} + {' + '.join(own)}")
    for flag in flags:
        single = places[(flag,)]
        spread = f"scalar(total_variance) * {part / 2!r}"
        lines.append(f"scalar u{at}_k{single} = {spread} + scalar(u{at}_r{single}) / {2 ** (size - 1)}")
    return "\n".join(lines) + "\n\n"


def _wholes(vocabulary: Vocabulary, given: Sequence[str], tables: pl.DataFrame) -> Iterator[str]:
    """Lines that put each group's own denominator in the place of that of a variable."""
    for at, group in enumerate(vocabulary.groups):
        inside = f'if table == "all-{group.id}"'
        if group.id in given:
            row = tables.filter(pl.col("table") == f"all-{group.id}").row(0, named=True)
            whole, high = row["denominator"], row["denominator_high"]
            if whole is None or high is None:
                whole, high = 0.0, 0.0
            yield (
                f"* {group.id}: not all combinations of its answers are published\n"
                f"replace denominator = {whole!r} {inside}\n"
                f"replace whole_variance = (({high!r} - {whole!r}) / scalar(z))^2 {inside}\n"
                f"replace covariance = 0 {inside}\n"
                f'replace source = "{row["denominator_source"]}" {inside}\n'
                f"replace given = 1 {inside}\n"
            )
            continue
        yield (
            f"replace denominator = scalar(u{at}_value) {inside}\n"
            f"replace whole_variance = scalar(u{at}_variance) {inside}\n"
        )
        for place, flag in enumerate(group.variables):
            yield f'replace covariance = scalar(u{at}_k{place}) if variable == "{flag}"\n'
