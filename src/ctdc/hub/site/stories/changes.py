"""What changed in a story's numbers since an earlier release of the site.

Promise: a difference is given with its 95 % interval, from the noise of both releases, which is independent; it is
clear only if that interval leaves zero out. Numbers of different people, such as ranks that now name something else,
are not subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass

from ctdc.hub.site.stories.numbers import Numbers, Value, apart
from ctdc.hub.site.stories.prose import STORY_TEXTS, Told, shown_bounds, tell, texts_of
from ctdc.hub.site.stories.source import LATEST
from ctdc.hub.site.view import SiteRelease


@dataclass(frozen=True)
class Change:
    """One number then and now, as text. verdict: whether the difference is clear of the noise, in words."""

    called: str
    before: str
    now: str
    difference: str
    interval: str
    verdict: str


def earlier_release(view: SiteRelease) -> SiteRelease | None:
    """The newest earlier release that can be compared: simulated as this one is, and of the same profile."""
    info = view.manifest.info
    return next(
        (
            one
            for one in view.earlier
            if one.manifest.info.simulated == info.simulated and one.vocabulary.profile == view.vocabulary.profile
        ),
        None,
    )


def changes(told: Told, before: Numbers, language: str) -> list[Change]:
    """Every number of a story that is always the newest release's, and that both releases have in some way."""
    words, there = told.words(language)
    old = tell(told.story, {LATEST: before, told.story.release: before})
    if old is None:
        return []
    return [
        _change(words.numbers[bound.name], old.values[bound.name], told.values[bound.name], there)
        for bound in shown_bounds(told.story)
        if bound.release == LATEST and not (old.values[bound.name].absent or told.values[bound.name].absent)
    ]


def _change(called: str, before: Value, now: Value, language: str) -> Change:
    texts = _text(before, language), _text(now, language)
    if not (before.there and now.there) or before.code != now.code:
        return Change(called, *texts, "–", "", STORY_TEXTS.text(language, "stories.changed.unknown"))
    difference = apart(now, before)
    key = "clear" if difference.verdict != "unclear" else "noise"
    return Change(called, *texts, *texts_of(difference, language), STORY_TEXTS.text(language, f"stories.changed.{key}"))


def _text(value: Value, language: str) -> str:
    if not value.there:
        return STORY_TEXTS.text(language, "stories.too_few")
    text, interval = texts_of(value, language)
    label = f"{value.label[language]}: " if value.label else ""
    return f"{label}{text} ({interval})" if interval else f"{label}{text}"
