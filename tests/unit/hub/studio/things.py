"""For each address with something in it: one thing of each contributing organisation, for the matrix of the tests."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from wagtail.models import Page

from ctdc.foundation.clock import now
from ctdc.hub.feedback.message import Message
from ctdc.hub.feedback.queue import Queue
from ctdc.hub.feedback.survey import Option, Question, Survey
from ctdc.hub.studio.agreements import acts as agreement_acts
from ctdc.hub.studio.agreements.models import Agreement
from ctdc.hub.studio.agreements.templates import prefilled
from ctdc.hub.studio.deliveries.models import Delivery, DeliveryFile
from ctdc.hub.studio.deliveries.reports import seal_name
from ctdc.hub.studio.desk import acts as desk_acts
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.listening.calendar import acts as calendar_acts
from ctdc.hub.studio.listening.inbox import acts as inbox_acts
from ctdc.hub.studio.listening.inbox.published import open_published
from ctdc.hub.studio.listening.models import SurveyRound
from ctdc.hub.studio.mappings.models import Line, MappingVersion
from ctdc.hub.studio.people.models import Invitation, Organisation, Person, Token
from ctdc.standard.languages import LANGUAGES


@dataclass
class Things:
    """Arguments of addresses: name of the address -> organisation -> arguments.

    of_hub: addresses whose thing belongs to no organisation; others: further answers that are right for an address.
    """

    arguments: dict[str, dict[str, list[object]]] = field(default_factory=dict)
    of_hub: set[str] = field(default_factory=set)
    others: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def address(self, name: str, home: str) -> str:
        """The address with the thing of an organisation in it."""
        return reverse(name, args=self.arguments.get(name, {}).get(home, []))

    def belongs(self, name: str) -> bool:
        """Whether what is at the address belongs to one organisation."""
        return name in self.arguments and name not in self.of_hub

    def also(self, name: str) -> tuple[int, ...]:
        """Further answers that are right."""
        return self.others.get(name, ())


HOMES = ("shelter", "hotline")
MAKERS: list[Callable[[Things, dict[str, Person], Organisation], None]] = []


def maker(function: Callable[[Things, dict[str, Person], Organisation], None]) -> None:
    """Register what makes the things of one organisation."""
    MAKERS.append(function)


@maker
def _job(things: Things, people: dict[str, Person], home: Organisation) -> None:
    job = Job.objects.create(kind="events.verify", organisation=home, state="done")
    for name in ("jobs:one", "jobs:stop"):
        things.arguments.setdefault(name, {})[home.slug] = [job.pk]


@maker
def _key(things: Things, people: dict[str, Person], home: Organisation) -> None:
    """A key is one person's own: this one is nobody's who asks."""
    things.arguments.setdefault("mfa_remove_webauthn", {})[home.slug] = [1_000_000]
    things.others["mfa_remove_webauthn"] = (404,)


@maker
def _person(things: Things, people: dict[str, Person], home: Organisation) -> None:
    """People are changed by the hub alone; those of an organisation are seen by nobody of another."""
    one = Person.objects.create(email=f"one@{home.slug}.example.org", name=f"One of {home.slug}", organisation=home)
    for name in ("one", "roles", "close", "reopen", "remove_second_step", "end_sessions"):
        things.arguments.setdefault(f"people:{name}", {})[home.slug] = [one.pk]
    for name in ("organisation", "organisation_close", "organisation_reopen"):
        things.arguments.setdefault(f"people:{name}", {})[home.slug] = [home.slug]


@maker
def _invitation(things: Things, people: dict[str, Person], home: Organisation) -> None:
    until, secret = now() + timedelta(days=1), f"of {home.slug}"
    known = {"email": f"new@{home.slug}.example.org", "name": "New", "roles": ["contributor"]}
    one = Invitation.objects.create(organisation=home, until=until, secret=secret, **known)
    things.arguments.setdefault("people:withdraw_invitation", {})[home.slug] = [one.pk]


@maker
def _token(things: Things, people: dict[str, Person], home: Organisation) -> None:
    owner, until = people[home.slug], now() + timedelta(days=1)
    one = Token.objects.create(person=owner, name="Export", secret=f"of {home.slug}", until=until)
    for name in ("withdraw_token", "withdraw_token_of"):
        things.arguments.setdefault(f"people:{name}", {})[home.slug] = [one.pk]


@maker
def _agreement(things: Things, people: dict[str, Person], home: Organisation) -> None:
    administrator = people["administrator"]
    values = prefilled(home, administrator.organisation, "en", now().date())
    agreement = agreement_acts.draft(administrator, home, values)
    for name in ("one", "edit", "sign", "force", "revise", "end"):
        things.arguments.setdefault(f"agreements:{name}", {})[home.slug] = [agreement.pk]


@maker
def _delivery(things: Things, people: dict[str, Person], home: Organisation) -> None:
    person, agreement = people[home.slug], Agreement.objects.get(organisation=home)
    mapping = MappingVersion.objects.create(organisation=home, number=1, structure="", proposed_by=person)
    line = Line.objects.create(version=mapping, column="c", value="v", relationship="equivalent", proposed_by=person)
    delivery = Delivery.objects.create(
        organisation=home, by=person, agreement=agreement, folder=f"folder of {home.slug}", state="refused"
    )
    things.others["deliveries:begin"] = (400,)
    DeliveryFile.objects.create(delivery=delivery, position=1, name=seal_name(delivery.folder, "a.csv"), length=1)
    for name in ("one", "receipt", "report", "take", "recheck", "promote", "refuse", "withdraw"):
        things.arguments.setdefault(f"deliveries:{name}", {})[home.slug] = [delivery.pk]
    things.arguments.setdefault("deliveries:piece", {})[home.slug] = [delivery.pk, 1]
    things.others |= {"deliveries:report": (404,), "deliveries:take": (404,), "deliveries:piece": (400,)}
    for name in ("one", "approve"):
        things.arguments.setdefault(f"mappings:{name}", {})[home.slug] = [mapping.pk]
    things.arguments.setdefault("mappings:decide", {})[home.slug] = [line.pk]
    things.arguments.setdefault("mappings:values", {})[home.slug] = [delivery.pk]


@maker
def _release(things: Things, people: dict[str, Person], home: Organisation) -> None:
    """A release belongs to the hub: contributors see none."""
    release = desk_acts.draft(people["steward"], release_values(name=f"of-{home.slug}"), new_population=True)
    for name in ("one", "edit", "step", "privacy", "changes", "evaluation", "evaluation_file", "review", "withdraw"):
        things.arguments.setdefault(f"desk:{name}", {})[home.slug] = [release.pk]
        things.of_hub.add(f"desk:{name}")
    things.arguments.setdefault("desk:publish", {})[home.slug] = [release.pk]
    things.of_hub.add("desk:publish")
    things.others["desk:evaluation_file"] = (404,)  # nothing has been evaluated


def release_values(**more: object) -> dict[str, object]:
    """What a draft of a release says."""
    values: dict[str, object] = {
        "name": "global",
        "titles": {code: f"Global {code}" for code in LANGUAGES},
        "population": "people",
        "epsilon": 4.0,
        "people": 300,
        "length": 1,
        "deliveries": [],
    }
    return values | more


@maker
def _listening(things: Things, people: dict[str, Person], home: Organisation) -> None:
    queue = Queue(settings.STUDIO.feedback)
    message = Message(queue.new_id(), "2026-03-01", "en", message="A page is missing.")
    queue.add(message)
    for name in ("message", "take", "put_back", "mark_help", "set_aside", "answer", "remove"):
        _of_hub(things, f"listening:{name}", home, message.id)
    words = {"en": f"{home.slug} {message.id}"}
    inbox_acts.publish(people["steward"], words, words)
    for name in ("change", "withdraw"):
        _of_hub(things, f"listening:{name}", home, next(iter(open_published())))
    round_ = SurveyRound.objects.create(
        name=f"of-{home.slug}", opens=now(), closes=now(), asked=small_survey().as_dict(), by=people["steward"]
    )
    for name in ("survey", "survey_end"):
        _of_hub(things, f"listening:{name}", home, round_.pk)
    calendar_acts.plan(people["steward"], home, 12, now().date())
    values = {"name": "Somebody", "function": "", "email": "somebody@example.org", "language": "en"}
    contact = calendar_acts.add_contact(people["steward"], home, values)
    for name in ("organisation", "plan", "received", "remind", "contact_add"):
        things.arguments.setdefault(f"listening:{name}", {})[home.slug] = [home.slug]
    for name in ("contact_change", "contact_remove"):
        things.arguments.setdefault(f"listening:{name}", {})[home.slug] = [contact.pk]
        things.others[f"listening:{name}"] = (404,)  # it is gone once somebody has removed it


def _of_hub(things: Things, name: str, home: Organisation, argument: object) -> None:
    """What readers sent belongs to no organisation."""
    things.arguments.setdefault(name, {})[home.slug] = [argument]
    things.of_hub.add(name)


def small_survey() -> Survey:
    """A survey of one question."""
    words = dict.fromkeys(LANGUAGES, "Was it useful?")
    options = tuple(Option(name, words) for name in ("yes", "no"))
    return Survey("small", "2026-03-01", "2026-03-31", (Question("useful", words, options),), words)


@maker
def _room(things: Things, people: dict[str, Person], home: Organisation) -> None:
    """A room at the workbench is the person's own; the door says yes without a page."""
    things.others["bench:door"] = (204,)


@maker
def _site_asset(things: Things, people: dict[str, Person], home: Organisation) -> None:
    things.arguments.setdefault("editing:asset", {})[home.slug] = ["fonts/OFL.txt"]
    things.of_hub.add("editing:asset")
    things.arguments.setdefault("editing:upload", {})[home.slug] = [1]
    things.of_hub.add("editing:upload")
    things.arguments.setdefault("editing:update", {})[home.slug] = [1]
    things.of_hub.add("editing:update")
    things.arguments.setdefault("editing:position", {})[home.slug] = [Page.get_first_root_node().pk]
    things.of_hub.add("editing:position")
    things.others["editing:position"] = (404,)  # the root has no place among others
    things.others["editing:update"] = (404,)  # nothing is written here that could be translated
    things.others["editing:logout"] = (307,)  # the same form, sent to the studio's own address


def make_things(people: dict[str, Person]) -> Things:
    """Everything that addresses can name."""
    things = Things()
    for slug in HOMES:
        for make in MAKERS:
            make(things, people, people[slug].organisation)
    return things
