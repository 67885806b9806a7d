"""What is fuzzed: everything in the collaborative that reads a file, each reader with the files that it starts from.

Promise: a target reads a file to its end, as the command that uses it would, and raises nothing but `UserError`. Seeds
are made here, by code, of invented values; there is no file of anybody's in the repository.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import resource
import signal
import traceback
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
import xlwt

from ctdc.foundation.chain import Line
from ctdc.foundation.documents import BadDocument, parse_json
from ctdc.foundation.errors import UserError
from ctdc.intake.mapping import SHIPPED, load_mapping
from ctdc.intake.model import TableSpec
from ctdc.intake.outcomes import reasons
from ctdc.intake.readers.frame import Needs
from ctdc.intake.readers.limits import Limits
from ctdc.intake.readers.open import open_table
from ctdc.intake.readers.parse import parse
from ctdc.intake.readers.prescan import scan_workbook
from ctdc.intake.readers.unread import Unread
from ctdc.intake.values import read_crosswalk
from ctdc.privacy import budgets, ledger
from ctdc.privacy.accounting import Cost, Guarantee, gaussian_mu
from ctdc.privacy.workload import read_workload
from ctdc.release.certificate.content import FORMAT
from ctdc.release.certificate.evidence import TWIN_FORMAT, VERDICTS, read_audit, read_twin
from ctdc.release.certificate.file import CERTIFICATE, read_certificate
from ctdc.release.manifest import read_manifest
from ctdc.release.protected import read_privacy
from ctdc.release.vocabulary import read_vocabulary
from ctdc.table.declare import parse_declaration, read_declaration
from ctdc.table.infer import draft_declaration
from ctdc.table.recode import load_coded
from ctdc.table.schema import read_schema
from ctdc.workflow.anonymise import read_hierarchies
from ctdc.workflow.config import read_plan
from ctdc.workflow.evaluation_settings import read_spec

EVERYTHING = Needs(everything=True)
LIMITS = Limits(file_bytes=1 << 20, unpacked_bytes=16 << 20, cells=100_000, columns=500, cpu_seconds=20)


@dataclass(frozen=True)
class Target:
    """A reader. file: the name that it looks for; read: reads it; seeds: files to start from, before `wrap`.

    wrap: what makes a file of the bytes that the fuzzer changes, where those are only the inner part of one (a sheet
    in its workbook), so that they are not all refused for the shape of what is around them; words: of the format;
    pace: how many times longer than most an input takes, by which the number of inputs is divided.
    """

    file: str
    read: Callable[[Path], Any]
    seeds: Callable[[], Iterable[bytes]]
    wrap: Callable[[bytes], bytes] = bytes
    words: tuple[str, ...] = ()
    pace: int = 1


# ---- contributors' files -----------------------------------------------------------------------------------------

ROWS = [
    ["id", "age", "born"],
    ["P1", "17", "2004-02-29"],
    ["P2", "", "n/a"],
    ["P3", "41.5", '"x"'],
    ["é", "ﷺ", "\u200b"],
]


def text_table(separator: str = ",", encoding: str = "utf-8", end: str = "\n") -> bytes:
    return end.join(separator.join(row) for row in ROWS).encode(encoding)


def delivered(**spec: Any) -> Callable[[Path], Any]:
    """Reads a contributor's file as a mapping with this table would."""
    table = TableSpec.model_validate({"name": "cases", "file": "*", "id": "id"} | spec)

    def read(path: Path) -> None:
        opened = open_table(path, table, EVERYTHING, unread=Unread(Needs()))
        for frame in opened.frames():
            for column in frame.columns.values():
                "".join(column.texts).encode()

    return read


def in_the_child(format_: str) -> Callable[[Path], Any]:
    """Parses a workbook as the sandboxed child does: our own look at its bytes here, where coverage leads it, and the
    parser in a process that may die, of memory or of what the file does to it. The sandbox answers for that
    (``tests/fuzz/test_readers.py`` has it do so); an exception of ours may not leave it.
    """

    def read(path: Path) -> None:
        scan_workbook(path, format_, LIMITS)
        child = os.fork()
        if child == 0:
            os._exit(_parsed(path, format_))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code == OURS:
            raise AssertionError("an exception of ours left the parser; it stands above")

    return read


OURS = 99


def _parsed(path: Path, format_: str) -> int:
    """Parse under limits; `OURS` when something else than a refusal came out."""
    request = {"path": str(path), "format": format_, "sheet": "Cases", "limits": LIMITS.as_dict()}
    request |= {"header_row": 1, "skip_after_header": 0, "columns": [], "prefixes": [], "everything": True}
    request["whole"] = True
    resource.setrlimit(resource.RLIMIT_CPU, (LIMITS.cpu_seconds, LIMITS.cpu_seconds))
    for number in (signal.SIGABRT, signal.SIGSEGV, signal.SIGXCPU, signal.SIGBUS, signal.SIGILL):
        signal.signal(number, signal.SIG_DFL)  # libFuzzer's handlers would call the death of the child a finding
    try:
        with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
            parse(request, network_dropped=True)
    except (UserError, MemoryError):
        return 0
    except Exception:
        traceback.print_exc()
        return OURS
    except BaseException:  # a panic of the library, which is none of Python's exceptions
        return 0
    return 0


def xlsx() -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Cases")
        for number, row in enumerate(ROWS):
            sheet.write_row(number, 0, row)
        sheet.write_formula(5, 1, "=1+1", None, 2)
        sheet.write(6, 2, 40000.5, book.add_format({"num_format": "yyyy-mm-dd"}))
        book.add_worksheet("Notes").hide()
    return stream.getvalue()


def xls() -> bytes:
    stream = io.BytesIO()
    book = xlwt.Workbook()
    sheet = book.add_sheet("Cases")
    for number, row in enumerate(ROWS):
        for place, cell in enumerate(row):
            sheet.write(number, place, cell)
    book.save(stream)
    return stream.getvalue()


def part_of(book: Callable[[], bytes], name: str) -> Callable[[bytes], bytes]:
    """What puts its input in place of one part of a workbook. Parts are stored, not packed."""
    with zipfile.ZipFile(io.BytesIO(book())) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}

    def wrap(data: bytes) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for own, content in (parts | {name: data}).items():
                archive.writestr(own, content)
        return stream.getvalue()

    return wrap


def inner(book: Callable[[], bytes], name: str) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        with zipfile.ZipFile(io.BytesIO(book())) as archive:
            return [archive.read(name)]

    return seeds


ODS_CONTENT = b"""<?xml version="1.0" encoding="UTF-8"?><office:document-content
xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"><office:body><office:spreadsheet>
<table:table table:name="Cases"><table:table-row table:number-rows-repeated="1">
<table:table-cell office:value-type="string">
<text:p>id</text:p></table:table-cell><table:table-cell office:value-type="float" office:value="17"
table:number-columns-repeated="2" table:formula="of:=1+1"><text:p>17</text:p></table:table-cell></table:table-row>
</table:table></office:spreadsheet></office:body></office:document-content>"""


def ods() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS_CONTENT)
    return stream.getvalue()


def parquet(table: pa.Table, **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()


def parquets() -> list[bytes]:
    texts = pa.table({"id": ["P1", "P2", None], "a": ["x", "", "y"], "b": ["u;v", None, "v"]})
    typed = pa.table(
        {
            "id": pa.array([1, 2], pa.int64()),
            "n": pa.array([1.5, None]),
            "d": pa.array([0, 1], pa.date32()),
            "t": pa.array([0, 1], pa.timestamp("us", "UTC")),
            "l": pa.array([[1], []], pa.list_(pa.int8())),
            "raw": pa.array([b"\xff", b"a"], pa.binary()),
            "yes": pa.array([True, None]),
        }
    )
    coded = pa.table({"id": pa.array(["P1"] * 50).dictionary_encode()})
    return [parquet(texts, compression="none"), parquet(typed), parquet(coded, compression="zstd")]


# ---- tables that are protected -----------------------------------------------------------------------------------

YEARS = {"by": "year", "from": "2001", "to": "2004", "below": "empty"}
SEVERAL = {"split": ";", "absent": ["n/a"], "zero_is_value": True}
DECLARED = {
    "fields": [
        {"name": "a", "constraints": {"enum": ["x", "y"]}},
        {"name": "b", "constraints": {"enum": ["u", "v"]}, "ctdc": SEVERAL},
        {"name": "n", "type": "integer", "ctdc": {"bands": {"edges": [0, 18, 65], "outside": "open"}}},
        {"name": "d", "type": "date", "ctdc": {"bands": YEARS}},
    ],
    "missingValues": ["", "?"],
    "ctdc": {
        "subject_id": "id",
        "max_rows": 1000,
        "implications": [{"if": {"a": ["x"]}, "then": {"n": ["0--17", "18--64", ""]}}],
    },
}
CASES = "id,a,b,n,d\n1,x,u;v,17,2003-01-01\n1,,v,,\n2,y,n/a,40,2004-12-31T10:00:00Z\n3,?,0,99,1999-01-01\n"


def code_table(path: Path) -> None:
    """What ``ctdc protect --schema`` and ``ctdc schema infer`` do with a table."""
    for read in (lambda: load_coded(path, parse_declaration(DECLARED, "schema")), lambda: drafted(path)):
        with contextlib.suppress(UserError):
            read()
    load_coded(path, parse_declaration(DECLARED, "schema", columns=["a", "d"], subject_id=""))


def drafted(path: Path) -> None:
    """A draft is a declaration."""
    parse_declaration(parse_json(json.dumps(draft_declaration(path, 300)).encode()), "draft")


def case_parquets() -> list[bytes]:
    return [parquet(pl.read_csv(CASES.encode(), infer_schema=False).to_arrow()), *parquets()]


def declare(path: Path) -> None:
    """A declaration that is read can be written out, and is then read as the same."""
    with contextlib.suppress(UserError):
        read_schema(path).content_hash()
    declaration = read_declaration(path)
    declaration.content_hash()
    again = parse_declaration(parse_json(json.dumps(declaration.describe()).encode()), "again")
    if again != declaration:
        raise AssertionError("a declaration that was written out is read as another one")


# ---- settings ----------------------------------------------------------------------------------------------------


def mapping(path: Path) -> None:
    """Loads a mapping that has no values beside it."""
    load_mapping(path.parent)


def shipped(name: str) -> list[bytes]:
    """That file of some of the mappings that are shipped."""
    return [(SHIPPED / folder / name).read_bytes() for folder in ("ctdc-synthetic-2021", "sim-hotline")]


PLAN = b"""out = "results"
[[delivery]]
source = "hotline.csv"
mapping = "hotline"
[privacy]
epsilon = 2
delta = 1e-6
population = "survivors"
[release]
name = "global-2026"
titles = {en = "Global"}
sources = ["A", "B"]
"""
HIERARCHIES = b"""[[year]]
bands = 3
from = 2002
[[place]]
groups = {south = ["a", "b"]}
[[place]]
standard = "region"
"""
WORKLOAD = b'length = 2\nscheme = "sets"\nsets = [["a", "b", "c"]]\nweights = [{set = ["a"], weight = 2.5}]\n'


# ---- ledgers and releases ----------------------------------------------------------------------------------------

AT = "2026-03-01T12:00:00Z"
PAID = {"rho_billionths": 21000000, "mu_squared_billionths": 42000000, "details": {"epsilon": 1.0, "work": "0" * 64}}
EVENTS: list[dict[str, Any]] = [
    {"kind": "budget", "version": 2, "population": "A", "epsilon": 4.0, "delta": 1e-6, "period": "year", "at": AT},
    {"kind": "overlap", "version": 1, "population": "A/2026", "with": "B", "at": AT},
    {"kind": "charge", "version": 2, "population": "A", "at": AT, **PAID},
    {"kind": "done", "version": 1, "population": "A", "charge": 3, "measurements": "0" * 64, "at": AT},
    {"kind": "charge", "version": 1, "population": "B", "rho_billionths": 5, "mu_squared_billionths": None, "at": AT},
]


def add_up(path: Path) -> None:
    """What ``ctdc ledger show`` and a charge do with a ledger."""
    lines = ledger.read(path)
    ledger.unfinished(lines)
    for population in budgets.populations(lines):
        cost = budgets.spent(lines, population)
        if cost.rho:
            cost.epsilon(1e-6)
        for limit in budgets.limits(lines, population):
            budgets.remaining(cost, limit.guarantee)
        budgets.spent(lines, population, 2026)
    budgets.breaches(lines, "A/2026", one_more(), 2026)


def one_more() -> Cost:
    """What another protection would cost."""
    mu_squared = gaussian_mu(Guarantee(1.0, 1e-6)) ** 2
    return Cost(mu_squared / 2, mu_squared)


def chained(data: bytes) -> bytes:
    """Events, one a line, as a ledger whose chain fits: whoever forges one can compute hashes."""
    lines: list[Line] = []
    for text in data.splitlines():
        try:
            lines.append(Line.after(lines[-1] if lines else None, parse_json(text)))
        except BadDocument:
            continue
    return b"".join(line.text().encode() + b"\n" for line in lines)


def as_lines(events: list[dict[str, Any]]) -> bytes:
    return b"\n".join(json.dumps(event).encode() for event in events)


MANIFEST = {
    "id": "0" * 64,
    "format": "ctdc-release/1",
    "info": {
        "name": "global", "simulated": True, "profile": None, "titles": {"en": "T"}, "publisher": "P", "version": "1",
        "terms": "", "sources": ["A"], "url": "", "contact": "", "tables": {"main": "people", "linked": "rows"},
    },
    "created": AT,
    "code": {"ctdc": "0.1.0"},
    "schema": {"hash": "0" * 64},
    "privacy": {"epsilon": 2.0, "total": {"count": 4000}},
    "previous": {"id": "0" * 64, "folder": "global-0"},
    "rows": 4000,
    "files": [{"path": "data/synthetic.csv", "sha256": "0" * 64, "bytes": 12, "rows": 3}],
    "linked": {"number": "links"},
}  # fmt: skip
PRIVACY = {
    "unit": "person", "neighbours": "add or remove", "rho": 0.1, "epsilon": 2.0, "delta": 1e-6, "mu": 0.4, "length": 3,
    "threshold": 10.0, "total": {"count": 1, "standard_error": 2.0}, "publishable": True,
}  # fmt: skip
WORDS = dict.fromkeys(("ar", "de", "en", "es", "fr"), "a")
CODEBOOK: dict[str, Any] = {
    "format": "ctdc-codebook/1", "profile": None, "standard_version": None, "standard_hash": None,
    "groups": [{"id": "g", "labels": WORDS, "variables": ["a"]}],
    "facts_by_definition": [{"if": {"a": ["x"]}, "then": {"b": ["u", ""]}}],
    "variables": [
        {"name": "a", "kind": "flag", "group": "g", "labels": WORDS, "definitions": WORDS, "source": "",
         "codes": [{"code": "1", "labels": WORDS}]},
    ],
}  # fmt: skip
LINKED_CODEBOOK = CODEBOOK | {
    "linked": CODEBOOK
    | {"tables": {"main": "p", "linked": "r"}, "flattened_profile": None, "labels": WORDS, "number": "n", "most": 3}
}


AUDIT = {
    "verdict": VERDICTS[0],
    "epsilon": 1.0,
    "delta": 1e-6,
    "code": dict.fromkeys(("ctdc", "engine", "opendp", "source"), "1"),
    "settings": {"runs": 100, "whole_runs": 10},
    "attacks": [{"rejected": False}],
    "mutants": {"caught": 9, "of": 9},
}
SMALL = {"columns": ["length", "error"], "rows": [["1", 2.5]]}
TWIN = {"format": TWIN_FORMAT, "simulated": True, "utility": SMALL, "subgroups": SMALL}
EVALUATION = b"""time = "year"
top = 5
[groups]
kinds = ["labour", "sexual"]
[[subgroup]]
family = "age"
name = "minors"
variable = "age"
codes = ["0-8", "9-17"]
[[subgroup]]
family = "area"
variable = "area"
each = true
"""


def spelt(document: Any) -> bytes:
    """A document as a certificate is written."""
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def certificate(path: Path) -> None:
    """What verifying does with a certificate."""
    found = read_certificate(path.parent)
    if found is not None:
        with contextlib.suppress(KeyError, TypeError, ValueError):  # its own words for "no sense"
            _ = found.evidence


def dumped(*documents: Any) -> Callable[[], list[bytes]]:
    return lambda: [json.dumps(document).encode() for document in documents]


JSON_WORDS = ('"', "{", "}", "[", "]", ":", ",", "null", "true", "1e999", "NaN", "\\ud800", "-1", "0.5")
SCHEMA_WORDS = (
    *('"fields"', '"name"', '"type"', '"ctdc"', '"bands"', '"edges"', '"by"', '"from"', '"to"', '"year"', '"month"'),
    *('"labels"', '"below"', '"outside"', '"open"', '"empty"', '"split"', '"absent"', '"zero_is_value"', '"enum"'),
    *('"constraints"', '"missingValues"', '"subject_id"', '"columns"', '"max_rows"', '"delimiter"', '"implications"'),
    *('"if"', '"then"', '"integer"', '"number"', '"date"'),
)
XML_WORDS = ("<", "/>", "<c ", ' r="XFD1048576"', ' t="e"', ' t="s"', "<v>", "<f/>", "<row ", "<!DOCTYPE", "</c>")
SHEET, BOOK = "xl/worksheets/sheet1.xml", "xl/workbook.xml"

TARGETS: dict[str, Target] = {
    "csv": Target(
        "cases.csv",
        delivered(format="csv", encoding="utf-8"),
        lambda: [text_table(), text_table(end="\r\n")],
    ),
    "csv_gz": Target(
        "cases.csv.gz",
        delivered(format="csv", encoding="utf-8"),
        lambda: [gzip.compress(text_table(), mtime=0), gzip.compress(b"a" * 100_000, mtime=0)],
    ),
    "tsv_utf16": Target(
        "cases.tsv",
        delivered(format="tsv", encoding="utf-16", header_row=2, skip_after_header=1),
        lambda: [text_table("\t", "utf-16"), text_table("\t", "utf-16-be")],
    ),
    "csv_shift_jis": Target(
        "cases.csv",
        delivered(format="csv", encoding="cp932", delimiter=";"),
        lambda: ['名;b\n"x";""""\n'.encode("cp932")],
    ),
    "xlsx": Target("cases.xlsx", in_the_child("xlsx"), lambda: [xlsx()], pace=2),
    "xlsx_sheet": Target("cases.xlsx", in_the_child("xlsx"), inner(xlsx, SHEET), part_of(xlsx, SHEET), XML_WORDS, 10),
    "xlsx_book": Target("cases.xlsx", in_the_child("xlsx"), inner(xlsx, BOOK), part_of(xlsx, BOOK), XML_WORDS, 10),
    "ods": Target("cases.ods", in_the_child("ods"), lambda: [ods()]),
    "ods_content": Target(
        "cases.ods", in_the_child("ods"), lambda: [ODS_CONTENT], part_of(ods, "content.xml"), XML_WORDS, 10
    ),
    "xls": Target("cases.xls", in_the_child("xls"), lambda: [xls()], pace=10),
    "parquet": Target("cases.parquet", delivered(format="parquet"), parquets),
    "table_csv": Target(
        "table.csv", code_table, lambda: [CASES.encode()], words=("2001-01-01", "1e400", '"', "\r\n", "nan")
    ),
    "table_csv_gz": Target("table.csv.gz", code_table, lambda: [gzip.compress(CASES.encode(), mtime=0)]),
    "table_parquet": Target("table.parquet", code_table, case_parquets),
    "schema": Target("schema.json", declare, dumped(DECLARED), words=JSON_WORDS + SCHEMA_WORDS),
    "mapping": Target("mapping.yaml", mapping, lambda: shipped("mapping.yaml"), pace=4),
    "values": Target("values.csv", lambda path: read_crosswalk(path, reasons()), lambda: shipped("values.csv")),
    "plan": Target("plan.toml", read_plan, lambda: [PLAN], words=("inf", "nan", "[[delivery]]", "[simulation]")),
    "hierarchies": Target("levels.toml", read_hierarchies, lambda: [HIERARCHIES]),
    "workload_toml": Target("workload.toml", read_workload, lambda: [WORKLOAD]),
    "workload_json": Target(
        "workload.json",
        read_workload,
        dumped({"length": 2, "scheme": "cells", "sets": [["a", "b"]], "weights": [{"set": ["a"], "weight": 2}]}),
        words=JSON_WORDS,
    ),
    "ledger": Target("ledger.jsonl", add_up, lambda: [chained(as_lines(EVENTS))], words=JSON_WORDS),
    "ledger_events": Target("ledger.jsonl", add_up, lambda: [as_lines(EVENTS)], chained, JSON_WORDS, 2),
    "manifest": Target("manifest.json", lambda path: read_manifest(path.parent), dumped(MANIFEST), words=JSON_WORDS),
    "privacy": Target("privacy.json", read_privacy, dumped(PRIVACY), words=JSON_WORDS),
    "audit": Target("audit.json", lambda path: read_audit(path, "1"), dumped(AUDIT), words=JSON_WORDS),
    "twin": Target("twin.json", read_twin, dumped(TWIN), words=JSON_WORDS),
    "certificate": Target(
        CERTIFICATE,
        certificate,
        lambda: [spelt({"certificate": {"format": FORMAT}, "signature": None})],
        words=JSON_WORDS,
    ),
    "evaluation": Target("settings.toml", read_spec, lambda: [EVALUATION]),
    "codebook": Target("codebook.json", read_vocabulary, dumped(CODEBOOK, LINKED_CODEBOOK), words=JSON_WORDS),
}
