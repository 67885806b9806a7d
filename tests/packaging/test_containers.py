"""The container files hold to their rules, and their steps and commands work in an empty environment.

No container engine runs here: what an engine would do beyond that is not tested.
"""

import json
import re
import shlex
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from click import Group
from tests.support.processes import surroundings

from ctdc.cli.main import ctdc

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "deploy" / "containers"
IMAGES = sorted(PLACE.glob("*.Containerfile"))
COMPOSE: dict[str, Any] = yaml.safe_load((PLACE / "compose.yaml").read_text("utf-8"))
REGISTRY = re.compile(r"https?://|index-" r"url|pypi|docker\.io|ghcr|quay\.io")


@dataclass(frozen=True)
class Step:
    """One instruction of a Containerfile."""

    word: str
    rest: str


def steps(path: Path) -> list[Step]:
    text = re.sub(r"\\\n\s*", " ", path.read_text("utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [Step(line.split()[0], line.partition(" ")[2].strip()) for line in lines]


def last(path: Path, word: str) -> str:
    return [step.rest for step in steps(path) if step.word == word][-1]


def ids(path: Path) -> str:
    return path.name


def test_there_is_an_image_for_each_side() -> None:
    assert [path.stem for path in IMAGES] == ["public", "studio", "worker"]


@pytest.mark.parametrize("image", IMAGES, ids=ids)
def test_the_base_is_pinned_by_a_tag_and_can_be_by_a_digest(image: Path) -> None:
    assert re.fullmatch(r"BASE=python:3\.\d+-slim-\w+", last(image, "ARG"))
    bases = [step.rest for step in steps(image) if step.word == "FROM"]
    assert bases == ["${BASE} AS build", "${BASE}"], "what builds stays behind"


@pytest.mark.parametrize("image", IMAGES, ids=ids)
def test_nothing_runs_as_root_and_nothing_that_builds_is_left(image: Path) -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", last(image, "USER"))
    words = [step.word for step in steps(image)]
    final = words[len(words) - words[::-1].index("FROM") :]
    assert "RUN" not in final and "ADD" not in words
    assert final.index("USER") < final.index("CMD")


@pytest.mark.parametrize("image", IMAGES, ids=ids)
def test_what_is_copied_exists_and_is_no_more_than_the_program(image: Path) -> None:
    copied = [step.rest.split()[:-1] for step in steps(image) if step.word == "COPY" and "--from" not in step.rest]
    sources = [name for names in copied for name in names]
    assert all((ROOT / name).exists() for name in sources)
    assert set(sources) <= {
        "requirements.lock",
        "requirements-studio.lock",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "src",
    }


@pytest.mark.parametrize("image", IMAGES, ids=ids)
def test_libraries_come_by_hash_and_no_address_or_secret_stands_there(image: Path) -> None:
    installs = [step.rest for step in steps(image) if step.word == "RUN" and "pip install" in step.rest]
    assert all("--require-hashes" in one or "--no-deps" in one for one in installs) and len(installs) == 2
    text = "\n".join(step.rest for step in steps(image) if step.word != "HEALTHCHECK")
    assert not REGISTRY.search(text)
    assert not re.search(r"password|secret|token|\.pem|\.key", text, flags=re.IGNORECASE)


@pytest.mark.parametrize("image", IMAGES, ids=ids)
def test_each_says_whether_it_is_well_and_starts_a_command_that_exists(image: Path) -> None:
    health = json.loads(last(image, "HEALTHCHECK").partition("CMD ")[2])
    command = json.loads(last(image, "CMD"))
    for words in (health, command):
        if words[0] == "python":
            compile(words[2], "healthcheck", "exec")
            continue
        found: Any = ctdc
        for word in words[1:]:
            if isinstance(found, Group):
                found = found.get_command(None, word)  # type: ignore[arg-type]
        assert found is not None
        options = {name for option in found.params for name in (*option.opts, *option.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= options


def test_no_service_can_write_to_its_system_or_get_more_rights() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not re.match(r"0\b|root", service["user"]), name
        assert not service.get("privileges") and "network_mode" not in service
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), "nginx stands before them"


def test_each_has_what_it_needs_and_no_more() -> None:
    services = COMPOSE["services"]
    assert [name for name, one in services.items() if "vault_key" in one.get("secrets", [])] == ["worker"]
    assert services["worker"]["networks"] == ["inside", "asking"] and services["database"]["networks"] == ["inside"]
    assert all(COMPOSE["networks"][name]["internal"] is True for name in ("inside", "asking"))
    assert services["public"]["volumes"] == ["./published:/srv/published:ro"]
    assert "env_file" not in services["public"] and "secrets" not in services["public"]
    for name in ("public", "studio", "worker"):
        build = services[name]["build"]
        assert (PLACE / build["context"]).resolve() == ROOT
        assert ROOT / build["dockerfile"] == PLACE / f"{name}.Containerfile"
    text = (PLACE / "compose.yaml").read_text("utf-8")
    assert all(str(one["file"]).startswith("./secrets/") for one in COMPOSE["secrets"].values())
    assert not re.search(r"PASSWORD: ", text)


@pytest.mark.parametrize(("name", "memory", "limit"), [("studio", "2g", "4g"), ("worker", "4g", "16g")])
def test_tables_have_a_place_in_memory_that_is_never_swapped(name: str, memory: str, limit: str) -> None:
    service = COMPOSE["services"][name]
    assert service["shm_size"] == memory, "an engine gives 64 megabytes otherwise"
    assert service["mem_limit"] == service["memswap_limit"] == limit


def test_the_worker_reaches_the_public_side_and_waits_for_the_database() -> None:
    worker, public = COMPOSE["services"]["worker"], COMPOSE["services"]["public"]
    asked = urlsplit(worker["environment"]["CTDC_STUDIO_PUBLIC_SERVICE"])
    assert asked.hostname == "public" and set(worker["networks"]) & set(public["networks"]) == {"asking"}
    assert json.loads(last(PLACE / "public.Containerfile", "CMD"))[-1] == str(asked.port)
    assert worker["depends_on"] == {"studio": {"condition": "service_healthy"}}


def run_steps(image: Path, venv: Path) -> None:
    """The steps of installing, with another folder in the place of /opt/ctdc, and what pip knows of this machine."""
    around = surroundings("PYTHON")
    for step in steps(image):
        if step.word == "RUN":
            words = shlex.split(step.rest.replace("/opt/ctdc", str(venv)))
            words = [sys.executable if word == "python" else word for word in words if word != "--no-cache-dir"]
            done = subprocess.run(words, cwd=ROOT, env=around, capture_output=True, text=True)
            assert done.returncode == 0, (step.rest, done.stdout[-2000:], done.stderr[-2000:])


@pytest.mark.slow
@pytest.mark.heavy
def test_the_public_image_s_steps_and_command_work_in_an_empty_environment(tmp_path: Path) -> None:
    image = PLACE / "public.Containerfile"
    venv = tmp_path / "ctdc"
    run_steps(image, venv)
    around = {
        "PATH": f"{venv / 'bin'}:/usr/bin:/bin",
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "HOME": str(tmp_path),
    }
    demo = ["ctdc", "demo", "--cases", "200", "--length", "1", "--no-serve", "--out", "published"]
    done = subprocess.run(demo, cwd=tmp_path, env=around, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = [
        word.replace("/srv/published", "published").replace("8000", port) for word in json.loads(last(image, "CMD"))
    ]
    health = json.loads(last(image, "HEALTHCHECK").partition("CMD ")[2].replace("8000", port))
    server = subprocess.Popen(words, cwd=tmp_path, env=around)
    try:
        end = time.monotonic() + 90
        while subprocess.run(health, env=around, capture_output=True).returncode != 0:
            assert server.poll() is None and time.monotonic() < end, "it does not become well"
            time.sleep(0.5)
    finally:
        server.terminate()
        server.wait(30)
    assert subprocess.run(health, env=around, capture_output=True).returncode != 0, "it notices that nobody answers"
