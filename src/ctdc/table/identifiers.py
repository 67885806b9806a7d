"""A scan for direct identifiers: names, telephone numbers, e-mail addresses, passport numbers, free text.

Promise: finds by pattern, in texts that no mapping explains (explained ones become codes and go no further); what is
found is masked in every report and keeps the delivery from being promoted. The intake scans a source file with it, in
all columns, the vault what is put into it. It errs on the side of warning, and finding nothing is no proof that nothing
is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w.])(?:\+|00)?\(?\d(?:[\s().\-/]{0,2}\d){7,14}(?!\w)")
# Digits that are no telephone number: a day (of any calendar) with or without a time, a random UUID, decimals.
_EIGHT_DIGITS = re.compile(r"\d{8}(?:\.0+)?")
# A day has one sign between its parts, and a year, month and day that there are: telephone numbers are written so, too.
_YEAR, _MONTH, _OF_MONTH = r"(?:1[3-9]|2[0-6])\d{2}", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_NUMBERS = r"(?:0?[1-9]|[12]\d|3[01])"  # of a day or a month, in whichever order
_ANY_NUMBERS = r"\d{1,2}"  # the same, as whoever mistypes a day writes them: 32/13/2023
_NEAR_YEAR = r"(?:[1١۱][9٩۹]|[2٢۲][0٠۰])\d{2}"  # of a mistyped day; a mistyped one of another calendar is warned of
_BEHIND_DIGITS = r"(?<!\d[\s().\-/])(?<!\d[\s().\-/]{2})"  # what goes on from digits may be the end of a number
_TIME = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_YEAR_FIRST = "|".join(rf"{_YEAR}{sign}{_MONTH}{sign}{_OF_MONTH}" for sign in ("-", "/", r"\."))
_YEAR_LAST = "|".join(rf"{_NUMBERS}{sign}{_NUMBERS}{sign}{_YEAR}" for sign in ("-", "/", r"\."))


def _moments(day: str, number: str, before: str = "") -> re.Pattern[str]:
    """One moment or several, such as the first and the last day; nothing that goes on before or after them in digits.

    day: alternatives of a pattern; number: of a day or a month, for years of two digits with a time after them; before:
    what else must not stand before them.
    """
    short = "|".join(rf"{number}{sign}{number}{sign}\d{{2}}(?=[ T,]+{_TIME})" for sign in ("-", "/", r"\."))
    one = (
        rf"(?:{day}|{short})(?!\d)"
        rf"(?:(?:[ T,]+|-){_TIME}(?::\d{{2}}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?(?:Z| ?[+-]\d{{2}}:?\d{{2}}(?!\d))?)?"
    )
    return re.compile(
        rf"{before}(?<![\d.+])(?<!\d[-/])(?<!\+\d[ -])(?<!\+\d\d[ -])(?<!\+\d\d\d[ -])"
        rf"{one}(?:[-/]{one})*(?![-/.]?\d)"
    )


_MOMENT = _moments(f"{_YEAR_FIRST}|{_YEAR_LAST}", _NUMBERS)
# What has the shape of a day and is none, which whoever delivers has to see: a day or month that there is not in a year
# of late, a year that there is not of a day between strokes, or nothing but zeros. All else may be a telephone number,
# which are written 7123-45-67, 22/34/5678 and 12.34.2345, too.
_SHAPED = _moments(
    "|".join(
        (
            *(rf"{_NEAR_YEAR}{sign}{_ANY_NUMBERS}{sign}{_ANY_NUMBERS}" for sign in ("-", "/", r"\.")),
            *(rf"{_ANY_NUMBERS}{sign}{_ANY_NUMBERS}{sign}{_NEAR_YEAR}" for sign in ("-", "/", r"\.")),
            rf"{_NUMBERS}/{_NUMBERS}/\d{{4}}",
            "00/00/0000",
        )
    ),
    _ANY_NUMBERS,
    _BEHIND_DIGITS,
)
_UUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE)
# Decimals, degrees of a place among them: no plus, and no code of a country (212, 351) before the point.
_DECIMALS = r"-?(?:0|[1-9]\d?|1[0-7]\d)[.,]\d+"
_DECIMAL = re.compile(_DECIMALS)
_HASH = re.compile(r"[0-9a-fA-F]{32,}")
_PASSPORT = re.compile(r"(?<!\w)[A-Z]{1,2}[ -]?\d{6,9}(?!\w)")
_URL = re.compile(r"(?:https?://|www\.|facebook\.com|instagram\.com|t\.me/)\S+", re.IGNORECASE)
_TITLES = "Mr|Mrs|Ms|Miss|Dr|Sr|Sra|Srta|Dña|Mme|Mlle|Herr|Frau|Senhor|Senhora|السيد|السيدة|الآنسة"
_HONORIFIC = re.compile(rf"(?:^|\s)(?:{_TITLES})\.?\s+\w{{2,}}")
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
LONGEST = 2_000  # what is longer is free text, and is searched for nothing else
UUID_LENGTH = 36
MIN_LETTERS = 2  # different letters a-z of a name: "x" and "***" stand for one that was taken out; "李" is a name
NAMING = frozenset({"email", "phone", "passport", "url", "name"})  # kinds of one text alone, however short it is
MIN_DIGITS = 5  # of a telephone or passport number, where the heading says that it is one


# The same for Arrow, which looks at a million texts in the time in which Python looks at some thousands: what `_MAY`
# does not find is of no kind, nor is what is `_PLAIN` as a whole. RE2 looks neither back nor ahead, and its classes are
# of ASCII where Python's are of Unicode, so that `_MAY` finds too much; Python has the last word. What a reader tidies
# (signs without width, letters in two parts) is always looked at.
_BLANKS = r"\s\x0b\x1c-\x1f\x{85}\p{Z}"
_WORD, _CAPITALISED = rf"[^{_BLANKS}]+", rf"[^{_BLANKS}\p{{Nd}}_a-z][^{_BLANKS}]*"
_MAY = "|".join(
    (
        r"[@\p{Cf}\p{M}]",
        r"(?i:https?://|www\.|facebook\.com|instagram\.com|t\.me/)",
        r"(?:^|[^\p{L}\p{N}_])[A-Z]{1,2}[ -]?\p{Nd}{6}",
        rf"\p{{Nd}}(?:[{_BLANKS}().\-/]{{0,2}}\p{{Nd}}){{7}}",
        rf"(?:^|[{_BLANKS}])(?:{_TITLES})\.?[{_BLANKS}]",
        rf"^[{_BLANKS}]*{_CAPITALISED}(?:[{_BLANKS}]+{_CAPITALISED}){{1,3}}[{_BLANKS}]*$",
        rf"(?:{_WORD}[{_BLANKS}]+){{12}}",
    )
)
_PLAIN = (
    rf"^(?:{_YEAR_FIRST}|{_YEAR_LAST})(?:[ T]{_TIME}(?::\d{{2}}(?:\.\d+)?)?Z?)?$"
    rf"|^\d{{8}}$|^{_DECIMALS}$"
)
# Answers that stand under every heading, such as "Telephone: yes"; compared without letter case.
_ANSWERS = re.compile(
    "yes|no|y|n|true|false|unknown|none|null|na|n/a|n.a|not known|not applicable|not available|redacted|removed|deleted"
    "|anonymous|oui|non|inconnue?|néant|sans objet|anonyme|ja|nein|unbekannt|keine|keine angabe|anonym|sí|si"
    "|sim|não|desconhecid[oa]|desconocid[oa]|ningun[oa]|no aplica|anónim[oa]|نعم|لا|غير معروف|لا يوجد"
)
# What a heading says of its column, and what is then found in it.
UNDER = {
    "name": "possible_name",
    "phone": "phone",
    "email": "email",
    "passport": "passport",
    "address": "address",
}


@dataclass(frozen=True)
class Finding:
    """A kind of identifier in a column: how many distinct texts and how many cells. `blocking` keeps the delivery
    from being promoted; numbers in a column of ids are only warned of, for many ids look like them.

    position: of the column, from 1, 0 where nobody needs it; imported: whether a field reads the column; at_least:
    whether it was left when this much was known; because: why the mapping declares that it is none. The studio has a
    second person approve a mapping; whoever harmonises with one of their own answers for it alone.
    """

    table: str
    column: str
    kind: str
    distinct: int
    cells: int
    blocking: bool
    position: int = 0
    imported: bool = True
    at_least: bool = False
    because: str = ""


def kind_of(text: str, column: str = "") -> str:
    """The kind of identifier that `text` looks like (email, phone, passport, url, name, free_text); empty for none."""
    if len(text) > LONGEST:
        return "" if _HASH.fullmatch(text) else "free_text"
    if "@" in text and _EMAIL.search(text):
        return "email"
    if _URL.search(text):
        return "url"
    apart = _UUID.sub(" ", text) if len(text) >= UUID_LENGTH else text
    if _PASSPORT.search(apart):
        return "passport"
    if _looks_like_phone(apart):
        return "phone"
    if _HONORIFIC.search(text) or (_NAME_HEADER.search(column) and _NAME.fullmatch(text)):
        return "name"
    if (len(text) > MAX_VALUE_LENGTH and not _HASH.fullmatch(text)) or len(text.split()) > MAX_VALUE_WORDS:
        return "free_text"
    return ""


def _looks_like_phone(text: str) -> bool:
    if not _PHONE.search(text) or _EIGHT_DIGITS.fullmatch(text) or _DECIMAL.fullmatch(text):
        return False
    return _PHONE.search(_SHAPED.sub(" ", _MOMENT.sub(" ", text))) is not None


def may_identify(texts: pa.Array) -> npt.NDArray[np.bool_]:
    """Which of many texts `kind_of` and `looks_like_name` have to look at (shape (texts,)): of the others they say
    nothing.
    """
    found = pc.and_not(pc.match_substring_regex(texts, _MAY), pc.match_substring_regex(texts, _PLAIN))
    found = pc.or_(found, pc.greater(pc.utf8_length(texts), MAX_VALUE_LENGTH))
    result: npt.NDArray[np.bool_] = pc.fill_null(found, False).to_numpy(zero_copy_only=False)
    return result


def is_answer(text: str) -> bool:
    """Whether the text is an answer that stands under any heading, such as yes and unknown, or signs for a text that
    was taken out.
    """
    bare = _bare(text)
    few = len(set(bare)) < MIN_LETTERS and not any(sign.isalpha() and not sign.isascii() for sign in bare)
    return few or _ANSWERS.fullmatch(bare) is not None


def _bare(text: str) -> str:
    return " ".join(text.split()).casefold().strip(".*-_[]()")


def kind_under(heading: str, text: str) -> str:
    """The kind of identifier that `text` is by the kind of its heading (`kind_of_header`): names of one word, short
    telephone numbers. Empty for answers, and for what cannot be of that kind.
    """
    if heading not in UNDER or is_answer(text) or len(text) > MAX_VALUE_LENGTH:
        return ""
    bare = _bare(text)
    letters, digits = any(map(str.isalpha, bare)), sum(map(str.isdigit, _MOMENT.sub(" ", text)))
    fits = {
        "name": letters and not _is_code(text),
        "email": letters and ("@" in bare or re.search(r"[(\[ ]at[)\] ]", bare) is not None),
        "address": letters and (digits > 0 or " " in bare),
    }.get(heading, digits >= MIN_DIGITS)
    return UNDER[heading] if fits else ""


def _is_code(text: str) -> bool:
    """Whether the text is a code such as ``SIM-001``, and not a name with a number, as in "Maria 2", "Ana (17)"."""
    words = re.findall(r"[^\s()\[\]{},;:/]+", text)
    numbered = [word for word in words if any(map(str.isdigit, word))]
    return bool(numbered) and not any(_is_worded(word, word in numbered) for word in words)


def _is_worded(word: str, numbered: bool) -> bool:
    """Whether a word is one of a name; letters beside digits are if they are three, and not of one size: ``Maria2``."""
    if not numbered:
        return sum(map(str.isalpha, word)) >= MIN_LETTERS or any(s.isalpha() and not s.isascii() for s in word)
    runs = re.findall(r"[^\W\d_]{3,}", word)
    return any(not run.isupper() and not run.islower() for run in runs)


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


def heading_shown(heading: str) -> str:
    """A column's name as reports may show it: masked if it is itself an address, a number or a name with a title."""
    return mask(heading) if kind_of(heading) in NAMING else heading


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
