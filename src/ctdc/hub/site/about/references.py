"""The numbers that pages may name: what ``{name}`` in a text stands for, for one release in one language.

Promise: each comes from the release's files; a text that names one which the release does not have is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from ctdc.hub.site.about.worked import Share, Worked, worked
from ctdc.hub.site.view import SiteRelease
from ctdc.release.meaning import meaning_of
from ctdc.release.numbers import date, number, number_range, percent, percent_range, significant
from ctdc.standard.presentation import presentation

COUNTED = {"place": "places", "origin": "origins"}  # headlines that count codes, by their role
# Name -> what it is, for editors.
NAMES: Mapping[str, str] = {
    "title": "title of the release",
    "release": "name of the release with its id",
    "created": "day on which the release was made",
    "publisher": "who publishes the release",
    "people": "number of people",
    "people_range": "95% interval of the number of people",
    "rows": "rows of the synthetic file",
    "variables": "number of variables",
    "length": "how many variables were counted together",
    "threshold": "reporting threshold",
    "epsilon": "epsilon",
    "delta": "delta",
    "accuracy": "how often the best attacker is right about a person's presence, at most; a coin is half the time",
    "first_year": "first year that is reported",
    "last_year": "last year that is reported",
    "places": "number of countries of exploitation that are reported",
    "origins": "number of countries of citizenship that are reported",
    "standard": "version of the standard",
    "null_label": "example of empty cells: what the flag is called",
    "null_people": "the people who have it",
    "null_wrong": "their share of everybody, which is wrong",
    "null_right": "their share of those with an answer",
    "null_range": "95% interval of that share",
    "null_answered": "how many people have an answer",
    "few_reported": "countries of exploitation with a number",
    "few_few": "countries of exploitation with too few to say",
    "late_full": "last year that is complete",
    "late_before": "last year but one",
    "late_last": "last year",
    "late_full_people": "people of the last year that is complete",
    "late_before_people": "people of the last year but one",
    "late_last_people": "people of the last year",
    # Editors of version 0.1.0 wrote it; a name that pages may use is never taken away.
    "late_change": "change from the last year but one to the last, which means nothing",
    "late_rise": "by how much the last year is above the one before, which means nothing; only where it is",
    "late_fall": "by how much it is below; only where it is",
    "first_country": "country of exploitation with most people",
    "second_country": "the one after it",
    "first_country_people": "people of the first",
    "second_country_people": "people of the second",
    "country_ratio": "the first divided by the second",
    "wide_label": "the flag with the widest interval",
    "wide_share": "its share",
    "wide_range": "the interval",
    "merged_label": "label of the merged flag on abuse",
    "merged_share": "its share",
    "merged_range": "the interval",
    "added_label": "group whose shares add up to most",
    "added_sum": "their sum",
}


def references(view: SiteRelease, language: str) -> dict[str, str]:
    """What each of `NAMES` stands for; without those that the release does not have."""
    return {**_release(view, language), **_examples(view, worked(view), language)}


def _release(view: SiteRelease, language: str) -> dict[str, str]:
    manifest, privacy, total = view.manifest, view.privacy, view.figures["total"]
    found = {
        "title": manifest.info.title(language),
        "release": manifest.folder,
        "created": date(language, manifest.created),
        "publisher": manifest.info.publisher,
        "people": number(language, max(0, total["count"])),
        "people_range": number_range(language, total["low95"], total["high95"]),
        "rows": number(language, manifest.rows),
        "variables": number(language, len(view.vocabulary.variables)),
        "length": number(language, privacy["length"]),
        "threshold": number(language, privacy["threshold"]),
        "epsilon": significant(language, float(privacy["epsilon"]), 3),
        "delta": significant(language, float(privacy["delta"])),
        # Rounded up, so that "at most" stays true.
        "accuracy": percent(language, math.ceil(meaning_of(privacy).accuracy * 100) / 100, 0),
    }
    if manifest.info.profile is not None:
        found["standard"] = str(manifest.schema["standard_version"])
    for asked in presentation().headlines:
        headline = view.headlines.get(asked.id)
        if headline is not None and asked.kind == "range":
            found |= {"first_year": str(headline["first"]), "last_year": str(headline["last"])}
        elif headline is not None and asked.kind == "reported":
            found[COUNTED[asked.role]] = number(language, headline["value"])
    return found


def _examples(view: SiteRelease, found: Worked, language: str) -> dict[str, str]:
    def label(variable: str) -> str:
        return view.words[variable].labels[language]

    values: dict[str, str] = {}
    if found.null is not None:
        null = found.null
        values |= {
            "null_label": label(null.variable),
            "null_people": number(language, null.people),
            "null_wrong": percent(language, null.wrong),
            "null_answered": number(language, null.answered),
            **_share(language, "null_right", "null_range", null.right),
        }
    if found.few is not None:
        values |= {
            "few_reported": number(language, found.few.reported),
            "few_few": number(language, found.few.few),
        }
    if found.wide is not None:
        values |= {"wide_label": label(found.wide[0]), **_share(language, "wide_share", "wide_range", found.wide[1])}
    if found.merged is not None:
        merged = _share(language, "merged_share", "merged_range", found.merged)
        values |= {"merged_label": label(presentation().merged), **merged}
    if found.added is not None:
        group, total = found.added
        values |= {"added_label": view.groups[group].labels[language], "added_sum": percent(language, total)}
    return values | _years(found, language) | _countries(view, found, language)


def _share(language: str, name: str, between: str, share: Share) -> dict[str, str]:
    return {
        name: percent(language, share["share"]),
        between: percent_range(language, share["low95"], share["high95"]),
    }


def _years(found: Worked, language: str) -> dict[str, str]:
    if found.late is None:
        return {}
    names = ("late_full", "late_before", "late_last")
    values = dict(zip(names, found.late.years, strict=True))
    people = zip(names, found.late.people, strict=True)
    values |= {f"{name}_people": number(language, count) for name, count in people}
    name = "late_rise" if found.late.change > 0 else "late_fall"
    change = percent(language, abs(found.late.change), 0)
    return values | {name: change, "late_change": change}


def _countries(view: SiteRelease, found: Worked, language: str) -> dict[str, str]:
    if found.countries is None:
        return {}
    role = found.countries.variable
    first, second = (view.code_label(role, code, language) for code in found.countries.codes)
    people = [number(language, count) for count in found.countries.people]
    return {
        "first_country": first,
        "second_country": second,
        "first_country_people": people[0],
        "second_country_people": people[1],
        "country_ratio": number(language, found.countries.ratio, 1),
    }
