"""How many questions are let through."""

from contextlib import ExitStack
from threading import Event, Thread

import pytest

from ctdc.foundation.errors import UserError
from ctdc.hub.gate import Gate


def test_whoever_finds_all_places_taken_is_told_to_come_again() -> None:
    gate = Gate(at_once=2, waiting=0)
    with ExitStack() as held:
        held.enter_context(gate.turn())
        held.enter_context(gate.turn())
        with pytest.raises(UserError) as caught, gate.turn():
            pass
    assert caught.value.detail.code == "api.busy"
    with gate.turn():
        pass


def test_who_waits_gets_the_turn_of_who_leaves() -> None:
    gate, inside, leave, done = Gate(at_once=1, waiting=1), Event(), Event(), Event()

    def first() -> None:
        with gate.turn():
            inside.set()
            leave.wait()

    def second() -> None:
        with gate.turn():
            done.set()

    threads = [Thread(target=first), Thread(target=second)]
    threads[0].start()
    inside.wait()
    threads[1].start()
    assert not done.is_set()
    leave.set()
    for thread in threads:
        thread.join()
    assert done.is_set()


def test_a_question_that_fails_leaves_its_place() -> None:
    gate = Gate(at_once=1, waiting=0)
    with pytest.raises(ZeroDivisionError), gate.turn():
        raise ZeroDivisionError
    with gate.turn():
        pass
