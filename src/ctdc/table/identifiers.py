"""A scan for direct identifiers: names, telephone numbers, e-mail addresses, passport numbers, free text.

Promise: finds by pattern, in texts that no mapping explains (explained ones become codes and go no further); what is
found is masked in every report and keeps the delivery from being promoted. The intake scans a source file with it, the
vault what is put into it. It errs on the side of warning, and finding nothing is no proof that nothing is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w.])(?:\+|00)?\(?\d(?:[\s().\-/]{0,2}\d){7,14}(?!\w)")
_DATE_LIKE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T].*)?|\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{8}(?:\.\d+)?")
_PASSPORT = re.compile(r"(?<!\w)[A-Z]{1,2}[ -]?\d{6,9}(?!\w)")
_URL = re.compile(r"(?:https?://|www\.|facebook\.com|instagram\.com|t\.me/)\S+", re.IGNORECASE)
_HONORIFIC = re.compile(
    r"(?:^|\s)(?:Mr|Mrs|Ms|Miss|Dr|Sr|Sra|Srta|Dña|Mme|Mlle|Herr|Frau|Senhor|Senhora|السيد|السيدة|الآنسة)\.?\s+\w{2,}"
)
_NAME = re.compile(r"(?:[^\W\d_a-z][\w'’.-]+\s+){1,3}[^\W\d_a-z][\w'’-]+")
_NAME_HEADER = re.compile(
    r"\b(?:(?:first|last|full|given|family|middle|maiden|sur|nick)[ _]?names?|names?|nom|prénom|prenom|nombre"
    r"|apellidos?|nome|apelido|vorname|nachname|alias)\b|اسم|الاسم|имя|фамилия",
    re.IGNORECASE,
)
# What columns are called in ar, de, en, es, fr when they hold what must not be stored; written for `_spoken`.
_HEADERS = {
    "name": _NAME_HEADER,
    "phone": re.compile(
        r"\b(?:tele)?phone|\bmobile\b|whats ?app|\btel\b|téléphone|\bportable\b|teléfono|móvil|celular|telefon"
        r"|\bhandy\b|هاتف|جوال|موبايل"
    ),
    "email": re.compile(r"\be ?mail|courriel|correo|بريد"),
    "passport": re.compile(
        r"passport|passeport|pasaporte|reisepass|ausweis|national id|identity (?:card|number)|cédula|\bdni\b"
        r"|carte d.identité|social security|\bssn\b|جواز|رقم الهوية|بطاقة"
    ),
    "case_id": re.compile(
        r"\b(?:case|client|file|victim|person) (?:id|no|nr|number|ref|reference)\b|dossier|numéro de cas|expediente"
        r"|número de caso|aktenzeichen|fallnummer|رقم (?:القضية|الحالة|الملف)"
    ),
    "birth_date": re.compile(
        r"date of birth|birth ?da(?:te|y)|\bdob\b|date de naissance|fecha de nacimiento|geburtsdatum|geburtstag"
        r"|تاريخ (?:الميلاد|الولادة)"
    ),
    "address": re.compile(r"\baddress|adresse|dirección|domicilio|anschrift|عنوان|\bstreet\b|\brue\b|\bcalle\b|straße"),
}
_DAY = re.compile(r"(?<!\d)(?:19|20)\d\d([-_.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?!\d)")
_CASE_ID = re.compile(r"(?<!\w)[A-Z]{2,8}[-/ ]?\d{2,4}[-/]\d{3,8}(?!\w)")
MAX_VALUE_WORDS = 12
MAX_VALUE_LENGTH = 100


@dataclass(frozen=True)
class Finding:
    """A kind of identifier in a column: how many distinct texts and how many cells. `blocking` keeps the delivery
    from being promoted; the column with the row's id is only a warning, since it is stored as a keyed hash."""

    table: str
    column: str
    kind: str
    distinct: int
    cells: int
    blocking: bool


def kind_of(text: str, column: str = "") -> str:
    """The kind of identifier that `text` looks like (email, phone, passport, url, name, free_text); empty for none."""
    if _EMAIL.search(text):
        return "email"
    if _URL.search(text):
        return "url"
    if _PASSPORT.search(text):
        return "passport"
    if not _DATE_LIKE.fullmatch(text) and _PHONE.search(text):
        return "phone"
    if _HONORIFIC.search(text) or (_NAME_HEADER.search(column) and _NAME.fullmatch(text)):
        return "name"
    if len(text) > MAX_VALUE_LENGTH or len(text.split()) > MAX_VALUE_WORDS:
        return "free_text"
    return ""


def _spoken(header: str) -> str:
    """A column's name in words: ``dateOfBirth``, ``date_of_birth`` and ``Date-of-birth`` are one."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    return " ".join(re.sub(r"[_\-./]+", " ", apart).split()).casefold()


def kind_of_header(header: str) -> str:
    """The kind of identifier that a column of this name holds; empty when the name says nothing of the kind."""
    words = _spoken(header)
    return next((kind for kind, pattern in _HEADERS.items() if pattern.search(words)), "")


def without_dates(text: str) -> str:
    """`text` without days such as 2024-01-31 and 20240131, which else look like telephone numbers."""
    return _DAY.sub("", text)


def looks_like_case_id(text: str) -> bool:
    """Whether the text has the form of a case number: letters, a year or a place, digits (``NGO-2021-00345``)."""
    return _CASE_ID.search(text) is not None


def looks_like_name(text: str) -> bool:
    """Whether the text is two to four capitalised words; alone this says little, many in one column say much."""
    return _NAME.fullmatch(text) is not None


def mask(text: str) -> str:
    """`text` with all but the first letter of each word replaced, for reports."""
    return " ".join(word[0] + "•" * min(len(word) - 1, 8) for word in text.split())[:60]


MANY_NAMES = 5


def scan_values(table: str, column: str, values: Iterable[tuple[str, int]], blocking: bool) -> list[Finding]:
    """Findings among (text, count) pairs of one column, one per kind."""
    distinct: dict[str, int] = {}
    cells: dict[str, int] = {}
    for text, count in values:
        kind = kind_of(text, column) or ("possible_name" if looks_like_name(text) else "")
        if kind:
            distinct[kind] = distinct.get(kind, 0) + 1
            cells[kind] = cells.get(kind, 0) + count
    if distinct.get("possible_name", 0) < MANY_NAMES:
        distinct.pop("possible_name", None)
    return [Finding(table, column, kind, number, cells[kind], blocking) for kind, number in sorted(distinct.items())]
