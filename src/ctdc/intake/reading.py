"""What single verbs make of a text that neither the crosswalk nor the null tokens explain."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ctdc.intake.bands import Interval, code_of_text
from ctdc.intake.dates import BUDDHIST_OFFSET
from ctdc.intake.hints import hint
from ctdc.intake.outcomes import Target, missing
from ctdc.intake.rules import MAPPED, UNMAPPED, UNREADABLE, Meaning
from ctdc.intake.text import tidy
from ctdc.standard.countries import lookup, suggest

Reader = Callable[[str], Meaning]
# Likeness is slow to compute; a column with hundreds of unknown countries is not a column of countries.
_MAX_SUGGESTED = 40
_YEAR = re.compile(r"(\d{4})(?:\.0+)?")


def _unmapped(said: str = "") -> Meaning:
    return Meaning((missing("unmapped"),), UNMAPPED, said)


def recode_reader() -> Reader:
    """recode: what the crosswalk does not know is unmapped."""
    return lambda text: _unmapped()


def copy_reader(target: Target) -> Reader:
    """copy: the text is a code, letter by letter."""

    def read(text: str) -> Meaning:
        outcome = target.outcome(text)
        return _unmapped() if outcome is None else Meaning((outcome,), MAPPED)

    return read


def band_reader(target: Target, bands: Sequence[Interval], highest: int) -> Reader:
    """band: a number or the text of a band."""

    def read(text: str) -> Meaning:
        code = code_of_text(text, bands, highest)
        outcome = None if code is None else target.outcome(code)
        if outcome is None:
            return Meaning(
                (missing("parse_error"),),
                UNREADABLE,
                hint("not_a_band", highest=highest),
            )
        return Meaning((outcome,), MAPPED)

    return read


def year_reader(target: Target, buddhist: bool) -> Reader:
    """year: four digits within the standard's range."""

    def read(text: str) -> Meaning:
        match = _YEAR.fullmatch(text)
        year = int(match.group(1)) if match else 0
        outcome = target.outcome(str(year - BUDDHIST_OFFSET if buddhist else year))
        if outcome is not None:
            return Meaning((outcome,), MAPPED)
        said = hint("not_a_year", first=target.atoms[0], last=target.atoms[-1])
        if not buddhist and target.outcome(str(year - BUDDHIST_OFFSET)) is not None:
            said = hint("buddhist_year")
        return Meaning((missing("parse_error"),), UNREADABLE, said)

    return read


def country_reader(target: Target, separator: str | None, known: Callable[[str], Meaning | None]) -> Reader:
    """country: exact look-up; of several countries the first, which the mapping declares as its rule.

    `known` is what the crosswalk says about one item of a list; it goes before the look-up.
    """

    proposed = 0

    def proposal(text: str) -> str:
        nonlocal proposed
        proposed += 1
        if proposed > _MAX_SUGGESTED:
            return ""
        near = ", ".join(f"{one.alpha3} ({one.name})" for one in suggest(text))
        return hint("suggestions", near=near) if near else hint("no_country")

    def one(text: str) -> Meaning:
        if (found := known(text)) is not None:
            return found
        code = lookup(text)
        outcome = None if code is None else target.outcome(code)
        if outcome is None:
            return _unmapped(proposal(text))
        return Meaning((outcome,), MAPPED)

    def read(text: str) -> Meaning:
        # A name may hold the separator itself ("Bonaire, Saint Eustatius and Saba"): the whole text goes first.
        whole = one(text)
        if separator is None or separator not in text or whole.status == MAPPED:
            return whole
        items = [one(item) for part in text.split(separator) if (item := tidy(part))]
        unknown = next((item for item in items if item.status == UNMAPPED), None)
        if unknown is not None or not items:
            return unknown or whole
        return next((item for item in items if item.outcomes[0] >= 0), items[0])

    return read
