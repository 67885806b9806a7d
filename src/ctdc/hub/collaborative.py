"""Whether a collaborative is whole: every part of it read as it will be used, and every fault told.

Promise: what passes here can be run and published; a fault says which file, what is allowed and what to do. Nothing is
written, and no case is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ctdc.foundation.collaborative import MARKER, SHIPPED, Collaborative, fault, read
from ctdc.foundation.errors import UserError
from ctdc.hub.site.about.content import read_yaml
from ctdc.hub.site.about.help import helplines
from ctdc.hub.site.about.pages import pages_of
from ctdc.hub.site.about.sources import read_sources
from ctdc.hub.site.brand import brand
from ctdc.hub.site.kit.geo import geometry_for, read_geometry
from ctdc.hub.site.stories.source import read_stories
from ctdc.intake.mapping import load_mapping, shipped_ids
from ctdc.intake.words import texts as report_texts
from ctdc.privacy.report import pages, texts_of
from ctdc.release.texts import faults, rooms
from ctdc.simulate.declared import read_recipe
from ctdc.standard.languages import LANGUAGES
from ctdc.standard.loader import load
from ctdc.standard.presentation import check_presentation, presentation
from ctdc.workflow.config import read_plan
from ctdc.workflow.evaluation_settings import read_spec

PRIVATE = ("hub/studio", "hub/workbench")  # rooms whose texts no reader of a release or of its site sees


@dataclass(frozen=True)
class Checked:
    """One part: its name, what there is of it, and what is wrong."""

    part: str
    found: str
    faults: tuple[UserError, ...]


def check(one: Collaborative) -> Iterator[Checked]:
    """Every part of the collaborative that this process serves, in the order in which they depend on each other."""
    for part, look in _LOOKS.items():
        try:
            found, wrong = look(one)
        except UserError as error:
            found, wrong = "", (error,)
        yield Checked(part, found, wrong)


Look = Callable[[Collaborative], tuple[str, tuple[UserError, ...]]]


def _description(one: Collaborative) -> tuple[str, tuple[UserError, ...]]:
    return f"{one.id}: {', '.join(one.languages)}", ()


def _standard(one: Collaborative) -> tuple[str, tuple[UserError, ...]]:
    standard = load()
    if one.profile not in standard.profiles:
        allowed = ", ".join(standard.profiles)
        raise fault(
            f"'profile' names {one.profile!r}, which is no profile of the standard.", one.folder / MARKER, allowed
        )
    return f"{len(standard.variables)} variables, {len(standard.profiles)} profiles", ()


def _presentation(one: Collaborative) -> tuple[str, tuple[UserError, ...]]:
    shown = presentation()
    check_presentation(shown, load(), one.places["presentation"])
    return f"{len(shown.roles)} roles, {len(shown.headlines)} headlines, {len(shown.themes)} themes", ()


def _texts(one: Collaborative) -> tuple[str, tuple[UserError, ...]]:
    number = sum(len(messages) for code in one.languages for messages in one.texts(code).values())
    others = {f"privacy/{page}": texts_of(page)["en"] for page in pages()}
    if report := report_texts().get("en"):
        others["intake"] = report
    public = [room for room in (*rooms(), *others) if not room.startswith(PRIVATE)]
    return f"{number} texts of its own", tuple(faults(presentation().text_keys(), public, others))


def _mappings(one: Collaborative) -> tuple[str, tuple[UserError, ...]]:
    wrong = []
    for name in shipped_ids():
        try:
            load_mapping(name)
        except UserError as error:
            wrong.append(error)
    return f"{len(shipped_ids())}: {', '.join(shipped_ids())}", tuple(wrong)


def _stories(one: Collaborative) -> tuple[str, tuple[UserError, ...]]:
    _, found = read_stories(one.places["stories"])
    lacking = [(story, code) for story in found for code in LANGUAGES if code not in story.words]
    wrong = tuple(
        fault(f"The story {story.slug!r} is not there in {code!r}.", one.places["stories"] / story.slug, f"{code}.yaml")
        for story, code in lacking
    )
    return f"{len(found)}", wrong


def _pages(one: Collaborative) -> tuple[str, tuple[UserError, ...]]:
    folder = one.places["about"]
    wrong, number = [], 0
    for code in LANGUAGES:
        try:
            number = len(pages_of(folder, code))
        except UserError as error:
            wrong.append(error)
    for look in (helplines, read_sources):
        try:
            look(folder)
        except UserError as error:
            wrong.append(error)
    return f"{number}, with helplines and statements of contributors", tuple(wrong)


def _agreements(one: Collaborative) -> tuple[str, tuple[UserError, ...]]:
    folder = one.part("agreements")
    if folder is None:
        return "none: the studio's drafts begin with the software's own clauses", ()
    wanted = set(read_yaml(read(SHIPPED).places["agreements"] / "en.yaml"))
    for code in LANGUAGES:
        path = folder / f"{code}.yaml"
        clauses = read_yaml(path)
        if not isinstance(clauses, dict) or set(clauses) != wanted:
            raise fault("The template has other clauses.", path, ", ".join(sorted(wanted)))
    return f"{len(wanted)} clauses", ()


def _brand(one: Collaborative) -> tuple[str, tuple[UserError, ...]]:
    found = brand()
    return f"{len(found.light) + len(found.dark)} colours, {'a' if found.mark else 'no'} logo", ()


def _map(one: Collaborative) -> tuple[str, tuple[UserError, ...]]:
    path = one.part("map")
    if path is None:
        return "the software's, of the world", ()
    own, names = read_geometry(path), {*presentation().role("place"), *presentation().role("origin")}
    columns = [column for profile in load().profiles.values() for column in profile.columns if column.name in names]
    codes = {code for column in columns for code in column.codes}
    # Origins may be on the map of the world, with regions of one country on this one.
    drawn = [column for column in columns if geometry_for(column.codes) is own]
    lacking = {code for column in drawn for code in column.codes} - own.codes
    wrong = [
        fault(f"The area {code!r} is no code of a place or an origin.", path, ", ".join(sorted(codes)))
        for code in sorted(own.codes - codes)
    ]
    if not drawn:
        what = "Most codes of no place and no origin are on this map, so nothing is drawn on it."
        wrong.append(fault(what, path, f"areas for most codes of {', '.join(sorted(names))}"))
    without = f"; in tables alone: {', '.join(sorted(lacking))}" if lacking else ""
    return f"{len(own.codes)} areas, for {', '.join(sorted({one.name for one in drawn}))}{without}", tuple(wrong)


def _plans(one: Collaborative) -> tuple[str, tuple[UserError, ...]]:
    wrong, found = [], sorted(one.folder.glob("plan*.toml"))
    for path in found:
        try:
            read_plan(path)
        except UserError as error:
            wrong.append(error)
    return f"{len(found)}", tuple(wrong)


def _invention(one: Collaborative) -> tuple[str, tuple[UserError, ...]]:
    path = one.part("invention")
    if path is None:
        return "none", ()
    recipe = read_recipe(path)
    known = load().variables
    wrong = [
        fault(f"The standard has no variable {named.name!r}.", path, ", ".join(known))
        for named in recipe.variable
        if named.name not in known
    ]
    wrong += [
        fault(f"The contributor {given.id!r} names a mapping {given.mapping!r}.", path, ", ".join(shipped_ids()))
        for given in recipe.contributor
        if given.mapping not in shipped_ids()
    ]
    return f"{len(recipe.contributor)} contributors", tuple(wrong)


def _evaluation(one: Collaborative) -> tuple[str, tuple[UserError, ...]]:
    path = one.part("evaluation")
    if path is not None:
        read_spec(path)
    return "none" if path is None else "there", ()


_LOOKS: dict[str, Look] = {
    "description": _description,
    "standard": _standard,
    "presentation": _presentation,
    "texts": _texts,
    "mappings": _mappings,
    "stories": _stories,
    "pages": _pages,
    "agreements": _agreements,
    "brand": _brand,
    "map": _map,
    "plans": _plans,
    "invention": _invention,
    "evaluation": _evaluation,
}
