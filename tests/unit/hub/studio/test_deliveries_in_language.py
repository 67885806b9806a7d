"""Somebody delivers wrong files and reads Arabic: no page, copy or list that comes back holds a sentence in English."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from html import unescape
from pathlib import Path

import openpyxl
import pytest
from django.test import Client
from tests.unit.hub.studio.delivering import (
    Scene,
    make_agreement,
    make_mapping,
    make_scene,
    simulated_files,
    upload,
    with_column,
    with_wrong_value,
    work_off,
)

from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.deliveries.states import State
from ctdc.hub.studio.people.models import Person
from ctdc.standard.languages import LANGUAGES

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SignedIn = Callable[[Person], Client]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
DATA = re.compile(r"<(bdi|code|script|style|title|textarea)\b[^>]*>.*?</\1>", re.DOTALL)
SENTENCE = re.compile(r"[A-Za-z’']+(?:[ ,:;]+[A-Za-z’']+){2,}")


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return simulated_files(tmp_path_factory.mktemp("hotline"))


@pytest.fixture
def mapped(everybody: dict[str, Person], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    made = make_scene(everybody, tmp_path, monkeypatch)
    make_agreement(everybody, made.shelter, title="اتفاق")
    make_mapping(made.people, made.shelter)
    return made


@pytest.fixture
def reader(mapped: Scene, signed_in: SignedIn) -> Client:
    """Whoever delivers, and reads Arabic."""
    client = signed_in(mapped.people["shelter"])
    client.cookies["django_language"] = "ar"
    return client


def english(page: str) -> list[str]:
    """Three Latin words in a row, outside of what was delivered and is shown as it is."""
    main = page.partition("<main")[2].partition("</main>")[0] or page
    plain = re.sub(r"<[^>]+>", "\n", DATA.sub("\n", main))
    return SENTENCE.findall(unescape(plain))


def test_english_is_found() -> None:
    assert english("<main><p>The file lacks columns</p><bdi>one two three</bdi></main>") == ["The file lacks columns"]


def checked(client: Client, files: Mapping[str, bytes]) -> tuple[Delivery, str]:
    """A delivery after its check, and its page."""
    delivery = upload(client, dict(files))
    work_off()
    delivery.refresh_from_db()
    return delivery, client.get(f"/deliveries/{delivery.pk}/").content.decode()


BROKEN: Mapping[str, tuple[str, Callable[[str, bytes], Mapping[str, bytes]]]] = {
    "columns": ("intake.columns_missing", lambda name, data: {name: b"Case Number,Other\r\n1,2\r\n"}),
    "twice": ("intake.columns_repeated", lambda name, data: {name: data.replace(b"Victim Age", b"Victim Gender", 1)}),
    "picture": ("intake.not_text", lambda name, data: {name: PNG}),
    "letters": ("intake.encoding", lambda name, data: {name: data + b"\xe9t\xe9,\r\n"}),
    "separator": ("intake.delimiter", lambda name, data: {name: data.replace(b",", b";")}),
    "empty": ("intake.header_empty", lambda name, data: {name: b"\r\n\r\n"}),
    "name": ("intake.file_missing", lambda name, data: {"table.xlsx": data}),
    "two": ("intake.file_several", lambda name, data: {name: data, f"2{name}": data}),
}


def test_a_file_that_cannot_be_read_is_explained_in_arabic(reader: Client, clean: dict[str, bytes]) -> None:
    """One after the other: a studio of its own for each takes long."""
    for broken, (code, make) in BROKEN.items():
        delivery, page = checked(reader, make(*next(iter(clean.items()))))
        assert (broken, delivery.state, delivery.problem) == (broken, State.HELD_BACK, code)
        assert (broken, english(page)) == (broken, [])
        assert (broken, 'lang="en" dir="ltr"' in page.partition("<main")[2]) == (broken, False)
        assert (broken, "ما العمل:" in page) == (broken, True)


def test_what_is_missing_and_what_arrived_is_shown(reader: Client, clean: dict[str, bytes]) -> None:
    name = next(iter(clean))
    _, page = checked(reader, {name: b"Case Number,Other\r\n1,2\r\n"})
    assert "<bdi>Victim Gender</bdi>" in page and "<bdi>Other</bdi>" in page and f"<bdi>{name}</bdi>" in page
    _, page = checked(reader, {"table.xlsx": b"x"})
    assert "<bdi>*hotline*.csv</bdi>" in page and "<bdi>table.xlsx</bdi>" in page
    reader.cookies["django_language"] = "en"
    _, page = checked(reader, {name: PNG})
    assert "is a picture and not a text file" in page and "as CSV" in page


def test_the_form_says_which_files_are_expected(reader: Client) -> None:
    for language in LANGUAGES:
        reader.cookies["django_language"] = language
        page = reader.get("/deliveries/new/").content.decode()
        assert "<code>*hotline*.csv</code>" in page and "<bdi>utf-8</bdi>" in page and "CSV" in page


def dirty(files: dict[str, bytes]) -> dict[str, bytes]:
    """Wrong values, dates that are none, a country that is none, and a column that should not be there."""
    name, data = next(iter(with_column(with_wrong_value(files), "Remarks", ("see maria.lopez@example.org",)).items()))
    lines = data.decode().split("\r\n")
    heads = lines[0].split(",")
    at = heads.index("Date of Contact")
    for row, wrong in ((4, "1019-01-01"), (5, "43528"), (6, "")):
        cells = lines[row].split(",")
        cells[at] = wrong
        lines[row] = ",".join(cells)
    return {name: "\r\n".join(lines).encode()}


def test_values_that_are_wrong_are_explained_in_arabic(
    mapped: Scene, reader: Client, clean: dict[str, bytes], tmp_path: Path
) -> None:
    delivery, page = checked(reader, dirty(clean))
    assert (delivery.state, delivery.problem) == (State.HELD_BACK, "delivery.values")
    assert english(page) == []
    report = reader.get(f"/deliveries/{delivery.pk}/report/").content.decode()
    values = reader.get(f"/mappings/values/{delivery.pk}/").content.decode()
    taken = reader.post(f"/deliveries/{delivery.pk}/take/", {"part": "report.html"}).content.decode()
    hints = "".join(re.findall(r"<td><bdi>([^<]*)</bdi></td></tr>", report))
    assert "خارج المدة من" in hints or "الرقم التسلسلي" in hints
    assert english(report) == english(values) == english(hints) == []
    assert english(taken.partition("<body")[2]) == []
    assert "values.csv" not in report
    for hint in re.findall(r"\. <bdi>([^<]*)</bdi>", values):
        assert english(hint) == []
    errors = reader.post(f"/deliveries/{delivery.pk}/take/", {"part": "row-errors.csv"}).content.decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(errors)))
    assert len(lines) > 3
    assert english("\n".join([*lines[0], *(line["ملاحظة"] + "\n" + line["الحالة"] for line in lines)])) == []
    copy = reader.post(f"/deliveries/{delivery.pk}/take/", {"part": "annotated-copy.xlsx"}).content
    (path := tmp_path / "copy.xlsx").write_bytes(copy)
    sheet = openpyxl.load_workbook(path).active
    comments = [cell.comment.text for row in sheet.iter_rows() for cell in row if cell.comment]
    assert len(comments) > 3
    assert english("\n".join(comments)) == []
    assert any("عنوان بريد إلكتروني" in comment for comment in comments)
