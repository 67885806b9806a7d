"""What no page of the workbench sends, to every address of it: whatever comes back is never a fault of ours."""

import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.test import Client
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[4] / "support"))

from asking import OWN, ask
from bench import declared, project_with, rows

from ctdc.hub.studio.bench.asgi import Benches
from ctdc.hub.studio.bench.rooms import ROOMS
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.web.bodies import Bodies
from ctdc.hub.workbench import jobs
from ctdc.hub.workbench.application import PAGES

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
PATHS = [path.replace("{number:int}", "1") for path, _, _ in PAGES]
ODD = st.sampled_from(
    [
        "",
        "\x00",
        "../../etc/passwd",
        "<script>",
        "{{7*7}}",
        "1e999",
        "NaN",
        "-1",
        "9" * 400,
        "a" * 5_000,
        "\r\nX: y",
        "١",
    ]
)
FIELDS = [
    "kind",
    "codes",
    "edges",
    "by",
    "first",
    "confirm",
    "epsilon",
    "length",
    "people",
    "title",
    "sure",
    "limit",
    "run",
]
METHODS = ("GET", "POST", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
PARTS = st.text("abcdefghij-_./0123456789é؟%", max_size=20)


@st.composite
def _requests(draw: st.DrawFn) -> tuple[str, str, dict[str, str], bytes, str]:
    page = st.builds("{}/{}".format, st.sampled_from(["en", "ar", "xx"]), st.sampled_from([*PATHS, "file/"]))
    explored = st.builds("explore/{}/{}".format, st.sampled_from(["001", "1", "..", ""]), PARTS)
    path = draw(st.one_of(page, explored, PARTS, st.sampled_from(["assets/x", "assets/../x", "door/"])))
    fields = draw(st.dictionaries(st.sampled_from(FIELDS), st.one_of(ODD, st.text(max_size=30)), max_size=6))
    kind = draw(
        st.sampled_from(["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "a/b; c="])
    )
    body = draw(st.one_of(st.just(urlencode(fields, errors="replace").encode()), st.binary(max_size=200)))
    return draw(st.sampled_from(METHODS)), f"/workbench/{path}", fields, body, kind


def test_nothing_that_is_asked_of_the_workbench_is_a_fault(
    everybody: dict[str, Person],
    signed_in: Callable[[Person], Client],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(jobs, "start", lambda *_: None)
    client = signed_in(everybody["steward"])
    client.post("/workbench/open/")
    room = ROOMS.of(everybody["steward"].pk)
    assert room is not None
    made = project_with(tmp_path / "p", rows(40))
    declared(made)
    for one in (*made.input.iterdir(), made.choices):
        target = room.project.folder / one.relative_to(made.folder)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(one.read_bytes())
    app = Benches(Bodies(get_asgi_application(), settings.FILE_UPLOAD_MAX_MEMORY_SIZE))
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    assert "district" in ask(app, "GET", "/workbench/en/columns/", {"cookie": cookie}).text
    answers: set[int] = set()

    @examples(max_examples=150, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.explicit, Phase.generate])
    @given(request=_requests())
    def walk(request: tuple[str, str, dict[str, str], bytes, str]) -> None:
        method, path, query, body, kind = request
        headers = {**OWN, "cookie": cookie, "content-type": kind}
        answer = ask(app, method, path, headers, body if method == "POST" else b"", query)
        answers.add(answer.status)
        assert answer.status < 500, (method, path, query, body, kind)

    walk()
    assert {200, 303, 404} <= answers
