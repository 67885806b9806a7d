"""People who work in a studio over HTTP, as with a browser on a bad connection: what gets no answer is looked at again.

Promise: nobody here sends a form twice without having looked, in between, whether the first one did anything.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from ctdc.hub.studio.deliveries import states as deliveries
from ctdc.hub.studio.desk import states as desk
from ctdc.hub.studio.desk.checklist import POINTS
from ctdc.hub.studio.web.texts import catalogue
from ctdc.standard.languages import LANGUAGES

Fields = dict[str, str | list[str]]
STATE = re.compile(r'class="state">([^<]*)<')
REST = 0.3  # seconds between two looks
# The button that a steward presses on the page of a release, by its state.
STEPS = {"draft": "fix", "planned": "try", "tried": "run", "running": "run", "made": "evaluate", "evaluated": "submit"}


@dataclass
class Form:
    """A form of a page. values: what it sends as it stands; offered: values of boxes that can be ticked."""

    action: str
    values: Fields = field(default_factory=dict)
    offered: dict[str, list[str]] = field(default_factory=dict)


class _Forms(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a form, or note a field of one."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", "")))
            self._inside = True
        elif tag == "input" and self._inside and given.get("name"):
            form, name, value = self.found[-1], given["name"], given.get("value", "on")
            if given.get("type") in ("checkbox", "radio"):
                form.offered.setdefault(name, []).append(value)
            else:
                form.values[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """End a form."""
        self._inside = self._inside and tag != "form"


def forms_of(page: str) -> list[Form]:
    """The forms of a page."""
    parser = _Forms()
    parser.feed(page)
    return parser.found


def state_of(page: str, app: str, states: Iterable[str]) -> str:
    """The state that a page of something names first."""
    shown = STATE.search(page)
    texts = catalogue(app)
    by_words = {texts.text("en", f"state.{one}"): str(one) for one in states}
    assert shown is not None and shown[1] in by_words, page
    return by_words[shown[1]]


class Visitor:
    """Somebody who is signed in. go_on: raises when there is no more use in waiting."""

    def __init__(self, address: str, cookie: str, go_on: Callable[[], None]) -> None:
        self._go_on = go_on
        self._client = httpx.Client(base_url=address, cookies={"session": cookie}, timeout=120)

    def look(self, path: str) -> str:
        """A page, however often it has to be loaded."""
        while True:
            self._go_on()
            try:
                answer = self._client.get(path)
            except httpx.TransportError:
                time.sleep(REST)
                continue
            assert answer.status_code == 200, (path, answer.status_code, answer.text[:2000])
            return answer.text

    def send(self, path: str, form: Form, more: Mapping[str, str | list[str]]) -> str | None:
        """Send a form of the page at `path` once; the address to which it leads, None when no answer came."""
        try:
            answer = self._client.post(form.action or path, data={**form.values, **more})
        except httpx.TransportError:
            return None
        assert answer.status_code == 302, (path, answer.status_code, answer.text[:4000])
        return answer.headers["Location"]

    def rest(self) -> None:
        """Read for a moment."""
        self._go_on()
        time.sleep(REST)


@dataclass
class Desk:
    """The hub's people: a steward, who stores deliveries and makes releases, and two reviewers."""

    steward: Visitor
    reviewers: Mapping[str, Visitor]

    def store(self, number: int) -> None:
        """Have a delivery stored, and wait until it is."""
        path = f"/deliveries/{number}/"
        while (state := state_of(page := self.steward.look(path), "deliveries", deliveries.State)) != "sealed":
            assert state not in ("held_back", "refused", "withdrawn"), page
            for form in forms_of(page):
                # Work that was cut off too often is asked for again.
                if form.action.endswith("/promote/" if state == "ready" else "/recheck/"):
                    self.steward.send(path, form, {})
            self.steward.rest()

    def release(self, name: str, people: int, population: str) -> int:
        """Plan a release of everything that is stored, make it, have it approved and publish it; its number."""
        number = self._plan(name, people, population)
        path = f"/releases/{number}/"
        while (state := state_of(page := self.steward.look(path), "desk", desk.State)) != "published":
            if state == "in_review":
                for reviewer in self.reviewers:
                    self._review(number, reviewer)
            for form in forms_of(page):
                step = form.values.get("step")
                if (step and step == STEPS.get(state)) or form.action.endswith("/publish/"):
                    self.steward.send(path, form, {name: boxes[0] for name, boxes in form.offered.items()})
            self.steward.rest()
        return number

    def _plan(self, name: str, people: int, population: str) -> int:
        while (number := self._planned(name)) is None:
            path = "/releases/new/"
            form = next(one for one in forms_of(self.steward.look(path)) if "deliveries" in one.offered)
            titles = {f"title_{code}": f"{name} {code}" for code in LANGUAGES}
            values = {"name": name, "people": str(people), "population": population, "epsilon": "1", "length": "1"}
            more = {"profile": "victim-perpetrator-2022", "deliveries": form.offered["deliveries"], "simulated": "on"}
            self.steward.send(path, form, {**titles, **values, **more})
        return number

    def _planned(self, name: str) -> int | None:
        """The number of the release of this name, as the list of releases has it."""
        found = re.findall(rf'href="/releases/(\d+)/">{name} en<', self.steward.look("/releases/"))
        assert len(found) < 2, "a release was planned twice"
        return int(found[0]) if found else None

    def _review(self, number: int, name: str) -> None:
        """Look at a release, and say yes to it."""
        reviewer, path = self.reviewers[name], f"/releases/{number}/review/"
        while f"<bdi>{name.title()}</bdi></strong>" not in (page := reviewer.look(f"/releases/{number}/")):
            if path not in page:
                return  # it is not in review any more
            form = next((one for one in forms_of(reviewer.look(path)) if "answers" in one.offered), None)
            if form is not None:
                said = {"answers": list(POINTS), "says": "yes", "reasons": "Looked at all of it, twice."}
                reviewer.send(path, form, said)
