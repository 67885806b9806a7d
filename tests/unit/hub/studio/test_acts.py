"""Every act asks whether it may and leaves an event, and no view changes anything by itself."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.events import record
from ctdc.hub.studio.events.kinds import KINDS
from ctdc.hub.studio.events.models import ChainEnd, Event
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Organisation, Person

STUDIO = Path(inspect.getfile(policy)).parents[1]
ACTS = sorted([*STUDIO.rglob("acts.py"), STUDIO / "jobs" / "work.py"])
CHANGES = {"save", "create", "delete", "update", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
# Where rows are changed beside acts: the worker's own state, how far an upload is, and what the libraries keep of
# somebody signing in.
BESIDE = {
    "jobs/worker.py",
    "events/record.py",
    "people/views.py",
    "people/tokens.py",
    "entrance/noted.py",
    "entrance/forms.py",
    "deliveries/arriving.py",
    # What is made with the database, as by a migration; and the part of an act that fills a page.
    "editors/setting_up.py",
    "editors/importing.py",
    # Rounds that look at the public side are nobody's act, until they find something else than before.
    "listening/monitoring/rounds.py",
}


def module(path: Path) -> str:
    return ".".join(["ctdc", "hub", "studio", *path.relative_to(STUDIO).with_suffix("").parts])


@pytest.mark.parametrize("path", ACTS, ids=lambda path: path.parent.name)
def test_every_public_act_leaves_an_event(path: Path) -> None:
    found = importlib.import_module(module(path))
    reads = {"open_", "check_", "can_", "visible", "kind", "ask"}
    for name, function in inspect.getmembers(found, inspect.isfunction):
        if function.__module__ == found.__name__ and not name.startswith("_") and not name.startswith(tuple(reads)):
            assert hasattr(function, "events"), f"{path.parent.name}.{name} is no act: decorate it with performs"


def test_rows_are_changed_by_acts_alone() -> None:
    found = []
    for path in STUDIO.rglob("*.py"):
        place = path.relative_to(STUDIO).as_posix()
        if path in ACTS or "migrations" in path.parts or path.name == "models.py" or place in BESIDE:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES:
                owner = ast.unparse(node.func.value)
                if "objects" in owner or node.func.attr in ("save", "delete"):
                    found.append(f"{place}:{node.lineno} {owner}.{node.func.attr}")
    assert found == []


@pytest.mark.django_db
def test_an_act_that_forgets_its_event_is_undone(hub: Organisation) -> None:
    @record.performs("organisation.made")
    def forgetful() -> None:
        policy.check(person, policy.Act.CHANGE_ORGANISATIONS)
        Organisation.objects.create(slug="ghost", name="Ghost")

    from tests.support.studio_people import make_person

    person = make_person(hub, policy.Role.ADMINISTRATOR)
    with pytest.raises(RuntimeError, match="left no event"):
        forgetful()
    assert not Organisation.objects.filter(slug="ghost").exists()


@pytest.mark.django_db
def test_an_act_that_asks_nobody_is_undone(hub: Organisation) -> None:
    @record.performs("organisation.made")
    def unasked() -> None:
        Organisation.objects.create(slug="ghost", name="Ghost")
        record.record("organisation.made", "nobody")

    with pytest.raises(RuntimeError, match="did not ask"):
        unasked()
    assert not Organisation.objects.filter(slug="ghost").exists()
    assert Event.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["text", "gone", "swapped", "cut"])
def test_a_changed_log_is_found(everybody: dict[str, Person], change: str) -> None:
    for number in range(4):
        record.record("session.begun", everybody["auditor"], how=f"step {number}")
    assert record.verify() == 4
    events = Event.objects.order_by("sequence")
    if change == "text":
        Event.objects.filter(sequence=2).update(actor="person-99")
    elif change == "gone":
        Event.objects.filter(sequence=3).delete()
    elif change == "cut":
        Event.objects.filter(sequence=4).delete()
    else:
        first, second = events[1].details, events[2].details
        Event.objects.filter(sequence=2).update(details=second)
        Event.objects.filter(sequence=3).update(details=first)
    with pytest.raises(UserError, match="has been changed"):
        record.verify()


@pytest.mark.django_db
def test_events_say_what_their_kind_can_say_and_no_more(everybody: dict[str, Person]) -> None:
    with pytest.raises(ValueError, match="says"):
        record.record("session.begun", everybody["auditor"], how="x", address="203.0.113.9")
    with pytest.raises(ValueError, match="says"):
        record.record("no.such", everybody["auditor"])
    with pytest.raises(TypeError):
        record.record("session.begun", everybody["auditor"], how="x").delete()
    assert ChainEnd.objects.get().sequence == 1
    assert all("." in kind for kind in KINDS)


@pytest.mark.django_db
def test_what_is_written_while_the_log_is_read_is_no_alarm(
    everybody: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        record.record("session.begun", everybody["auditor"], how=f"step {number}")
    content = Event.content

    def busy(event: Event) -> dict[str, object]:
        if event.sequence == 1:
            monkeypatch.setattr(Event, "content", content)
            record.record("session.begun", everybody["auditor"], how="meanwhile")
        return content(event)

    monkeypatch.setattr(Event, "content", busy)
    assert record.verify() == 3
    assert record.verify() == 4


@pytest.mark.django_db
def test_a_line_behind_the_end_is_found(everybody: dict[str, Person]) -> None:
    event = record.record("session.begun", everybody["auditor"], how="step")
    Event.objects.bulk_create([Event(sequence=2, at=event.at, kind=event.kind, actor="x", hash="0" * 64)])
    with pytest.raises(UserError, match="has been changed"):
        record.verify()
