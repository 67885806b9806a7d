"""Questions that are ready in five languages, and the scales that answers are on."""

from __future__ import annotations

from ctdc.hub.feedback.survey import Option, Question, Words
from ctdc.hub.studio.web.texts import catalogue
from ctdc.standard.languages import LANGUAGES

SCALES: dict[str, tuple[str, ...]] = {
    "measure": ("yes", "partly", "no"),
    "ease": ("very-easy", "easy", "hard", "very-hard"),
    "agree": ("agree", "partly", "disagree", "no-opinion"),
    "purpose": ("policy", "services", "research", "journalism", "study", "other"),
    "often": ("first", "rarely", "monthly", "weekly"),
}
# Question to scale, in the order in which they are asked.
READY: dict[str, str] = {
    "found": "measure",
    "easy": "ease",
    "trust": "agree",
    "purpose": "purpose",
    "often": "often",
}
OWN_SCALES = ("measure", "ease", "agree")


def _words(key: str) -> Words:
    return {language: catalogue("listening").text(language, key) for language in LANGUAGES}


def _options(scale: str) -> tuple[Option, ...]:
    return tuple(Option(name, _words(f"survey.scale.{scale}.{name}")) for name in SCALES[scale])


def ready(name: str) -> Question:
    """A question of the bank. Raises KeyError."""
    return Question(name, _words(f"survey.ready.{name}"), _options(READY[name]))


def own(name: str, words: Words, scale: str) -> Question:
    """A question in somebody's own words. Raises KeyError for another scale."""
    return Question(name, words, _options(scale))


def more() -> Words:
    """The open question at the end."""
    return _words("survey.more")
