"""The long work of the desk: trial, run, evaluation, publication, withdrawal.

Promise: each can be done again from its start: a run finds the stages that it had finished, a publication the release
that it had copied. What was noted as made, published or withdrawn by a worker that was killed before it could end its
job is not done, or noted, once more. A run that fails or is stopped leaves no opened case behind.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError

from ctdc.foundation.errors import Refused
from ctdc.foundation.hashing import hash_file
from ctdc.foundation.progress import Progress
from ctdc.hub.studio.desk import acts, plans, publishing, rules
from ctdc.hub.studio.desk.models import ReleasePlan
from ctdc.hub.studio.desk.rules import Asked
from ctdc.hub.studio.desk.states import BY_STEP, Rule, Step
from ctdc.hub.studio.desk.telling import Telling, Within
from ctdc.hub.studio.editors import wanting
from ctdc.hub.studio.editors.acts import PUBLISH
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.jobs.work import kind
from ctdc.release.manifest import read_manifest
from ctdc.workflow.evaluated_run import evaluate_run
from ctdc.workflow.run import WORK, run
from ctdc.workflow.sealed import forget_people
from ctdc.workflow.stages import Workspace


def _release(job: Job) -> ReleasePlan:
    return ReleasePlan.objects.get(pk=job.details["release"])


def _actor(job: Job) -> str:
    """As whom the vault is opened: the person who asked."""
    return job.by.log_name if job.by else "worker"


def _has_arrived(step: Step, release: ReleasePlan) -> bool:
    """Whether the act after a step was performed: only the end of the job is missing then."""
    return release.state == BY_STEP[step].target


def _check_still(step: Step, job: Job, release: ReleasePlan) -> None:
    """Look at the rules of a step again, now that it is done. Raises Refused (``desk.rule``): time has passed."""
    asked = Asked(release, job.by)
    for rule in BY_STEP[step].rules:
        if rule is not Rule.IDLE:
            try:
                rules.check_rule(rule, asked)
            except ValidationError as error:
                raise Refused("desk.rule", " ".join(error.messages)) from None


@kind("desk.try")
def try_plan(job: Job, progress: Progress) -> None:
    """Make and evaluate the release of a plan on invented people."""
    release = _release(job)
    plan, telling = plans.trial_plan(release), Telling(progress)
    result = run(plan, telling)
    reports = [plans.report(release, plans.TRIAL, name) for name in (plans.EVALUATION, plans.PAGE)]
    evaluate_run(plan, result.release, telling, reports)
    acts.tried(release)


def _not_run(job: Job) -> None:
    release = _release(job)
    workspace = Workspace(plans.folder_of(release) / plans.RUN / WORK)
    with workspace.locked():
        forget_people(workspace.folder)
    acts.run_failed(release)


@kind("desk.run", failed=_not_run)
def make_release(job: Job, progress: Progress) -> None:
    """Make the release from the cases in the vault."""
    release = _release(job)
    if _has_arrived(Step.MAKE, release):
        return
    _check_still(Step.RUN, job, release)
    result = run(plans.run_plan(release), Telling(progress), plans.opening(_actor(job)))
    identifier, manifest = read_manifest(result.release)
    acts.made(release, manifest.folder, identifier)


def _not_evaluated(job: Job) -> None:
    workspace = Workspace(plans.folder_of(_release(job)) / plans.RUN / WORK)
    with workspace.locked():
        forget_people(workspace.folder)


@kind("desk.evaluate", failed=_not_evaluated)
def evaluate_release(job: Job, progress: Progress) -> None:
    """Compare the release with the true cases, for those who judge it."""
    release = _release(job)
    _check_still(Step.EVALUATE, job, release)
    report = plans.report(release)
    reports = [report, plans.report(release, name=plans.PAGE)]
    opening = plans.opening(_actor(job))
    evaluate_run(plans.run_plan(release), plans.made_folder(release), Telling(progress), reports, opening)
    acts.evaluated(release, hash_file(report))


def _not_published(job: Job) -> None:
    """What was copied is not public, and shall not lie where public releases are."""
    if publishing.take_back(plans.place(), _release(job).folder):
        wanting.want(PUBLISH, None)


@kind("desk.publish", failed=_not_published)
def publish_release(job: Job, progress: Progress) -> None:
    """Copy an approved release to the published ones and build the site."""
    release = _release(job)
    if _has_arrived(Step.PUBLISH, release):
        return
    _check_still(Step.PUBLISH, job, release)
    made, telling = plans.made_folder(release), Within(progress, "publish")
    publishing.publish(plans.place(), made, telling, lambda: acts.published(release, job.by))


@kind("desk.withdraw")
def withdraw_release(job: Job, progress: Progress) -> None:
    """Take a published release away, and say so where it was."""
    release = _release(job)
    if _has_arrived(Step.WITHDRAW, release):
        return
    gone = release.publication
    telling = Within(progress, "withdraw")
    stone = publishing.withdraw(plans.place(), gone.folder, job.asked, gone.reason, dict(gone.words), telling)
    acts.withdrawn(release, stone)
