"""The addresses of the workbench: nobody else can answer in the workbench's place."""

import socket
from contextlib import closing

import pytest

from ctdc.foundation.errors import UserError
from ctdc.hub.site.serve import bind
from ctdc.hub.workbench import here
from ctdc.hub.workbench.here import LOOPBACK, listen, listening

V4, V6 = LOOPBACK


def has_ipv6() -> bool:
    return here._addresses() == LOOPBACK


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")


@needs_ipv6
def test_nobody_else_can_answer_at_either_address():
    with listening(0) as listeners:
        port = listeners[0].getsockname()[1]
        for address in LOOPBACK:
            socket.create_connection((address, port), timeout=2).close()
            with pytest.raises(UserError) as caught:
                bind(address, port)
            assert caught.value.detail.code == "serve.port_taken"
    for address in LOOPBACK:
        bind(address, port).close()


@needs_ipv6
def test_a_port_that_another_holds_at_one_address_is_not_taken_at_the_other():
    with closing(bind(V6, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UserError) as caught:
            listen(port)
        assert caught.value.detail.code == "serve.port_taken"
        bind(V4, port).close()


@needs_ipv6
def test_any_free_port_is_one_that_is_free_at_both(monkeypatch):
    with closing(bind(V6, 0)) as other:
        taken, first = other.getsockname()[1], []

        def at_a_taken_one(host, port):
            first.append(port)
            return bind(host, taken if len(first) == 1 else port)

        monkeypatch.setattr(here, "bind", at_a_taken_one)
        with listening(0) as listeners:
            assert len({one.getsockname()[1] for one in listeners} - {taken}) == 1


def test_a_machine_without_ipv6_has_one_address(monkeypatch):
    class Without(socket.socket):
        def bind(self, address):
            raise OSError(here.errno.EADDRNOTAVAIL, "none")

    with monkeypatch.context() as patch:
        patch.setattr(here.socket, "socket", Without)
        assert here._addresses() == (V4,)
