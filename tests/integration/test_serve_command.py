"""Ports that are taken, and folders that are not releases."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from ctdc.cli.serve import command
from ctdc.foundation.errors import UserError
from ctdc.hub.site.serve import bind


def test_taken_port_is_named_with_a_free_one():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"Port {port} is in use") as caught:
            bind("127.0.0.1", port)
    suggested = int(caught.value.detail.do.split()[-1])
    assert suggested > port


def test_folder_that_is_no_release(tmp_path: Path):
    result = CliRunner().invoke(command, [str(tmp_path)])
    assert isinstance(result.exception, UserError)
    assert "neither a release nor built pages" in str(result.exception)
