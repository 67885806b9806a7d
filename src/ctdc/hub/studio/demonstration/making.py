"""Making a demonstration of what `ctdc run --demo` made: the same way as people would, by the same acts.

Promise: organisations, people, agreements, mappings and deliveries come in by the acts of the studio, each with its
line in the log; the release that was made on the command line is its first one. The file of accounts is written last:
a demonstration without it was cut off, and is begun anew.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings

from ctdc.foundation.clock import now
from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_file
from ctdc.foundation.progress import Progress, Silent
from ctdc.hub.site.about.place import CONTENT as ABOUT
from ctdc.hub.site.stories.source import CONTENT as STORIES
from ctdc.hub.studio.agreements import acts as agreements
from ctdc.hub.studio.agreements.templates import prefilled
from ctdc.hub.studio.deliveries import acts as deliveries
from ctdc.hub.studio.deliveries import arriving
from ctdc.hub.studio.deliveries.announced import Announced
from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.deliveries.states import State
from ctdc.hub.studio.demonstration import accounts, acts
from ctdc.hub.studio.demonstration.accounts import Account
from ctdc.hub.studio.demonstration.source import Source
from ctdc.hub.studio.desk import acts as desk
from ctdc.hub.studio.desk import plans, publishing
from ctdc.hub.studio.editors.acts import import_content
from ctdc.hub.studio.entrance.acts import note_second_step
from ctdc.hub.studio.jobs import worker
from ctdc.hub.studio.jobs.models import State as JobState
from ctdc.hub.studio.mappings import acts as mappings
from ctdc.hub.studio.mappings.files import shipped
from ctdc.hub.studio.people import acts as people
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.roles import Role
from ctdc.hub.studio.place import VAULT_KEY, Place
from ctdc.privacy import budgets, ledger
from ctdc.simulate.world import CONTRIBUTORS
from ctdc.vault import sources
from ctdc.vault.access import Access
from ctdc.vault.vault import create

HUB = "hub"
# The organisations, by the mapping that reads their files.
ORGANISATIONS = {one.key: one.name for one in CONTRIBUTORS}
# Who is called what on the command line, their name, where they are, as what, and in which language.
PEOPLE = (
    ("administrator", "Ada Novak", HUB, Role.ADMINISTRATOR, "en"),
    ("contributor", "Hana Haddad", "sim-hotline", Role.CONTRIBUTOR, "en"),
    ("steward", "Stella Okafor", HUB, Role.STEWARD, "en"),
    ("reviewer", "Rahel Lindqvist", HUB, Role.REVIEWER, "en"),
    ("reviewer-2", "Ravi Menon", HUB, Role.REVIEWER, "en"),
    ("editor", "Edith Moreau", HUB, Role.EDITOR, "en"),
    ("editor-2", "Emre Kaya", HUB, Role.EDITOR, "en"),
    ("translator", "Tariq Nasser", HUB, Role.TRANSLATOR, "ar"),
    ("auditor", "Aude Berg", HUB, Role.AUDITOR, "fr"),
    ("contributor-fr", "Claire Dubois", "sim-caseworks", Role.CONTRIBUTOR, "fr"),
    ("contributor-ar", "Amal Mansour", "sim-alliance", Role.CONTRIBUTOR, "ar"),
    ("contributor-es", "Lucía Romero", "sim-registo", Role.CONTRIBUTOR, "es"),
    ("contributor-de", "Jana Vogel", "sim-aftercare", Role.CONTRIBUTOR, "de"),
)
PAPER = b"SIMULATED. An agreement between organisations that do not exist, signed by nobody.\n"
BUDGET, DELTA = 20.0, 1e-6  # for life, of invented people


@dataclass
class _Cast:
    """Who is there, by what they are called."""

    accounts: dict[str, Account]
    people: dict[str, Person]

    def by_role(self, role: Role) -> Person:
        return next(self.people[who] for who, _, _, own, _ in PEOPLE if own == role)


def make(source: Source, progress: Progress) -> tuple[Account, ...]:
    """Fill this new studio, for which Django is ready. Raises UserError for what is wrong with the source."""
    place: Place = settings.STUDIO
    acts.declare()
    _make_vault(place)
    progress.start("Inviting people, and putting agreements into force", len(PEOPLE) + len(ORGANISATIONS))
    cast = _invite(progress)
    for organisation in _organisations():
        _agree(cast, organisation)
        progress.advance()
    progress.start("Storing deliveries in the vault", 2 * len(source.deliveries))
    _deliver_all(cast, source, progress)
    progress.start("Bringing in stories and pages")
    import_content(STORIES, ABOUT)
    _work_off()
    progress.start("Publishing the first release")
    _publish_first(cast, source, place)
    progress.finish()
    made = tuple(cast.accounts.values())
    accounts.write(place.folder, made)
    return made


def _organisations() -> Sequence[Organisation]:
    return list(Organisation.objects.filter(is_hub=False))


def _make_vault(place: Place) -> None:
    key = place.folder / VAULT_KEY
    sources.make_key_file(key)
    create(place.vault, [sources.from_file(key)], 1, Access("command-line", "new demonstration"), now())


# ---- people -------------------------------------------------------------------------------------------------------


def _invite(progress: Progress) -> _Cast:
    cast = _Cast({}, {})
    for who, name, home, role, language in PEOPLE:
        email = f"{name.split()[0].lower()}@{home.removeprefix('sim-')}.example".replace("í", "i")
        if not cast.people:
            _, letter = people.make_studio(settings.STUDIO.settings.hub, email, name)
        else:
            organisation = _home(cast, home)
            _, letter = people.invite(cast.people["administrator"], organisation, email, name, {role}, language)
        passphrase, secret = accounts.new_passphrase(), accounts.new_secret()
        person = people.join(letter, passphrase)
        TOTP.activate(person, secret)
        note_second_step(person, "totp", "added")
        cast.people[who] = person
        cast.accounts[who] = Account(
            who, name, email, person.organisation.name, (role.value,), language, passphrase, secret
        )
        progress.advance()
    return cast


def _home(cast: _Cast, slug: str) -> Organisation:
    found = Organisation.objects.filter(is_hub=True) if slug == HUB else Organisation.objects.filter(slug=slug)
    return found.first() or people.make_organisation(cast.people["administrator"], slug, ORGANISATIONS[slug])


def _agree(cast: _Cast, organisation: Organisation) -> None:
    """An agreement in force since yesterday, and a mapping that a second person approved."""
    administrator = cast.by_role(Role.ADMINISTRATOR)
    values = prefilled(organisation, administrator.organisation, "en", now().date() - timedelta(days=1))
    agreement = agreements.draft(administrator, organisation, values)
    agreements.attach_signed(administrator, agreement, "SIMULATED_agreement.txt", PAPER)
    agreement.refresh_from_db()
    agreements.put_into_force(administrator, agreement, agreement.signed)
    mappings.approve(
        cast.by_role(Role.REVIEWER),
        mappings.propose(cast.by_role(Role.STEWARD), organisation, *shipped(organisation.slug)),
    )


# ---- deliveries ---------------------------------------------------------------------------------------------------


def _deliver_all(cast: _Cast, source: Source, progress: Progress) -> None:
    for who, _, home, role, _ in PEOPLE:
        if role is Role.CONTRIBUTOR and home in source.deliveries:
            delivery = _deliver(cast.people[who], source.deliveries[home])
            _work_off()
            progress.advance()
            deliveries.promote(cast.by_role(Role.STEWARD), delivery)
            _work_off()
            delivery.refresh_from_db()
            if delivery.state != State.SEALED:
                raise _not_made(f"the delivery of {home} came to {delivery.state}", delivery.problem)
            progress.advance()


def _deliver(person: Person, paths: Sequence[Path]) -> Delivery:
    announced = [Announced(path.name, path.stat().st_size, hash_file(path)) for path in paths]
    delivery = deliveries.begin(person, announced)
    for file, path in zip(delivery.files.select_related("delivery__organisation"), paths, strict=True):
        offset = 0
        with path.open("rb") as stream:
            while data := stream.read(arriving.MOST_BYTES):
                offset = arriving.receive(person, file, offset, data)
    deliveries.complete(person, delivery)
    return delivery


def _work_off() -> None:
    """Do every job that waits, as the worker does. Raises UserError (``demonstration.job``)."""
    while job := worker.take("demonstration"):
        worker.do(job)
        job.refresh_from_db()
        if job.state != JobState.DONE:
            raise _not_made(f"{job.kind} came to {job.state}", str((job.problem or {}).get("what", "")))


def _not_made(why: str, where: str) -> UserError:
    return UserError(
        "demonstration.job",
        f"The demonstration could not be made: {why}.",
        where=where,
        do="Try again; what was begun is made anew.",
    )


# ---- the first release --------------------------------------------------------------------------------------------


def _publish_first(cast: _Cast, source: Source, place: Place) -> None:
    shutil.copyfile(source.ledger, place.ledger)
    population = budgets.populations(ledger.read(place.ledger))[0]
    desk.set_budget(cast.by_role(Role.ADMINISTRATOR), population, BUDGET, DELTA, False)
    if source.site is not None:  # its pages are taken over where they would come out the same
        shutil.copytree(source.site, place.site)

    def adopt() -> None:
        _show_as_made(place, acts.adopt(cast.by_role(Role.STEWARD), source.release, population).pk)

    publishing.publish(place, source.release, Silent(), adopt)


def _show_as_made(place: Place, number: int) -> None:
    """Let the desk read the release's statements where it reads those that were made here."""
    link = place.work / "desk" / str(number) / plans.RUN / "latest"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(os.path.relpath(place.latest.resolve(), link.parent))
