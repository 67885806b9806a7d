"""The long work about deliveries. Each kind may be done again from its start: it looks at the state first."""

from __future__ import annotations

from django.conf import settings

from ctdc.foundation.clock import now
from ctdc.foundation.errors import Cancelled, UserError
from ctdc.foundation.progress import Progress
from ctdc.hub.studio.deliveries import acts, arriving, checking, letters, promoting, reports
from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.deliveries.opening import vault_with_keys
from ctdc.hub.studio.deliveries.states import State
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.events.record import WORKER
from ctdc.hub.studio.jobs.models import ENDED, Job
from ctdc.hub.studio.jobs.schedule import every
from ctdc.hub.studio.jobs.work import kind
from ctdc.intake.subject import Subjects, read_or_create_key
from ctdc.intake.text import tidy
from ctdc.vault import erase
from ctdc.vault.access import Access
from ctdc.vault.vault import open_vault

# What the operator has to see to, and no contributor can: the delivery stays as it is.
OURS = ("vault.key", "vault.missing", "vault.sealed", "vault.keyring", "vault.log", "vault.head", "studio.", "files.")


def _delivery(job: Job) -> Delivery:
    return Delivery.objects.select_related("organisation", "mapping", "agreement").get(pk=job.details["delivery"])


def _actor(job: Job) -> str:
    return job.by.log_name if job.by else WORKER


def _check_failed(job: Job) -> None:
    delivery = _delivery(job)
    if delivery.state == State.CHECKING:
        acts.give_up_check(delivery)


@kind(acts.CHECK, failed=_check_failed)
def check_delivery(job: Job, progress: Progress) -> None:
    """Read a delivery and report on it. Raises UserError for what the studio lacks."""
    delivery = _delivery(job)
    if delivery.state == State.RECEIVED:
        delivery = acts.begin_check(delivery)
    if delivery.state == State.CHECKING:
        acts.end_check(delivery, checking.check(delivery, progress))


def _promotion_failed(job: Job) -> None:
    delivery = _delivery(job)
    if delivery.state == State.SEALING:
        acts.give_up_promotion(delivery)


@kind(acts.PROMOTE, failed=_promotion_failed)
def promote_delivery(job: Job, progress: Progress) -> None:
    """Store a delivery in the vault, then destroy what waited. Raises UserError for what the studio lacks."""
    delivery = _delivery(job)
    if delivery.state == State.SEALING and not _store(delivery, job, progress):
        return
    if _delivery(job).state == State.SEALED:
        arriving.destroy(delivery)
        reports.forget(delivery, only_copies=True)


def _store(delivery: Delivery, job: Job, progress: Progress) -> bool:
    """Whether it is stored; else it is held back for a reason that somebody has to see to."""
    try:
        done = promoting.promote(delivery, _actor(job), progress)
    except Cancelled:
        raise
    except UserError as error:
        if error.detail.code.startswith(OURS):
            raise
        found = checking.stopped(delivery, State.HELD_BACK, error.detail)
        acts.hold_back(delivery, found.number, found.problem)
        return False
    acts.stored(delivery, done.name, done.manifest, done.until, done.coverage)
    return True


@kind(acts.FORGET)
def forget_delivery(job: Job, progress: Progress) -> None:
    """Destroy all that is left of a delivery that was refused or withdrawn. Raises UserError (``vault.*``)."""
    progress.start("")
    delivery = _delivery(job)
    if delivery.state not in (State.REFUSED, State.WITHDRAWN):
        return
    arriving.destroy(delivery)
    if delivery.state == State.WITHDRAWN:
        reports.forget(delivery)
    else:
        reports.forget(delivery, only_copies=True)
    _remove_stored(delivery, job)
    acts.forgotten(delivery)
    progress.finish()


@every(3600)
def look_for_what_is_over() -> None:
    """Have deliveries forgotten that may no longer be kept: `retain_until` is the last day on which they may."""
    for delivery in Delivery.objects.filter(state=State.SEALED, retain_until__lt=now().date()):
        acts.expire(delivery)


@every(600)
def look_for_what_is_not_forgotten() -> None:
    """Ask again for what was to be forgotten and was not, since the work was stopped or failed."""
    for delivery in _unforgotten():
        acts.forget_again(delivery)
    for job in _unread():
        acts.withdraw_person_again(job)


def _unforgotten() -> list[Delivery]:
    """Deliveries that ended, of which something may be left, and that nobody is about to forget."""
    told = set(Event.objects.filter(kind="delivery.forgotten").values_list("about", flat=True))
    live = set(
        Job.objects.filter(kind=acts.FORGET).exclude(state__in=ENDED).values_list("details__delivery", flat=True)
    )
    over = Delivery.objects.filter(state__in=(State.REFUSED, State.WITHDRAWN)).select_related("organisation")
    return [one for one in over if f"delivery:{one.pk}" not in told and one.pk not in live]


def _unread() -> list[Job]:
    """For each letter that nobody is about to read: the latest work that should have."""
    latest = [Job.objects.filter(kind=acts.PERSON, details__letter=letter).first() for letter in letters.there()]
    return [job for job in latest if job and job.has_ended]


def _remove_stored(delivery: Delivery, job: Job) -> None:
    if delivery.ended_because == acts.OVER:
        purpose = "end of retention"
    else:
        what = "withdrawal" if delivery.state == State.WITHDRAWN else "refusal"
        purpose = f"{what} of a delivery: {delivery.ended_because or delivery.problem}"
    promoting.remove_stored(open_vault(settings.STUDIO.vault), delivery, Access(_actor(job), purpose))


@kind(acts.PERSON)
def withdraw_person(job: Job, progress: Progress) -> None:
    """Forget one person of an organisation. Raises UserError (``vault.*``, ``studio.keys``)."""
    progress.start("")
    letter, organisation = str(job.details["letter"]), job.organisation
    if organisation is None or not letters.is_there(letter):
        return  # done by an earlier try
    vault = vault_with_keys()
    key, _ = read_or_create_key(settings.STUDIO.subject_key)
    subject = Subjects(key, organisation.slug).hashes([tidy(letters.read(vault, letter))])[0]
    access = Access(_actor(job), f"withdrawal of a person: {job.details['because']}")
    found = erase.withdraw(vault, organisation.slug, subject, access, now())
    for delivery in Delivery.objects.filter(organisation=organisation):
        reports.forget(delivery, only_copies=True)  # a copy of rows cannot forget one of them
    acts.person_withdrawn(job, found.deliveries, found.files, len(found.unknown))
    letters.destroy(letter)
    progress.finish()
