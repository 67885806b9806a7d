"""A short campaign against every reader, and proof that a campaign finds what is there to be found.

The long one is ``make fuzz``. This one is the same at every run: the same seeds, the same changes.
"""

import gzip
import io
import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.fuzz.targets import EVENTS, TARGETS, delivered, ods, one_more, part_of, xls, xlsx

from ctdc.foundation.chain import Line
from ctdc.foundation.errors import UserError
from ctdc.privacy import ledger
from ctdc.table import damage
from ctdc.table.coded import read_table

RUNS = 150
ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def campaign(out: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fuzz", "--runs", str(RUNS), "--out", str(out), *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the campaign says of each target; all run in one process, which imports once and forks."""
    pytest.importorskip("atheris", reason="atheris has no wheel for this Python or system")
    out = tmp_path_factory.mktemp("fuzz")
    found = dict(line.split(": ", maxsplit=1) for line in campaign(out).stdout.splitlines())
    logs = {name: (out / "logs" / f"{name}.log").read_text(errors="replace")[-3000:] for name in found}
    return {name: verdict if verdict == "done" else f"{verdict}\n{logs[name]}" for name, verdict in found.items()}


@pytest.mark.heavy
@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_refuses_what_it_cannot_read_and_does_nothing_else(name: str, verdicts: dict[str, str]) -> None:
    assert verdicts.get(name, "did not run") == "done"


@pytest.mark.heavy
def test_a_reader_that_lets_an_exception_out_is_found(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="atheris has no wheel for this Python or system")
    done = campaign(tmp_path, "plan", CTDC_FUZZ_BROKEN="1")
    assert done.returncode == 1
    assert "plan: FAILED" in done.stdout
    assert list((tmp_path / "crashes").iterdir()), "the input is kept"
    assert "KeyError" in (tmp_path / "logs" / "plan.log").read_text(errors="replace")


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_reads_the_files_that_it_starts_from(name: str, tmp_path: Path) -> None:
    """Or nothing deeper than a refusal would ever be fuzzed."""
    target = TARGETS[name]
    read = 0
    for number, seed in enumerate(target.seeds()):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = folder / target.file
        path.write_bytes(target.wrap(seed))
        try:
            target.read(path)
            read += 1
        except UserError as error:
            assert error.detail.code in REFUSED_SEEDS, error
    assert read


REFUSED_SEEDS = {"intake.column_type", "intake.encoding", "table.columns", "intake.header_empty", "intake.too_large"}


# ---- what campaigns have found, and what is made to break readers ------------------------------------------------


def wrote(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def refusal(read: object, path: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        read(path)  # type: ignore[operator]
    assert "Traceback" not in str(caught.value)
    return caught.value


def test_a_workbook_that_kills_its_parser_is_a_sentence(tmp_path: Path) -> None:
    """Sectors that follow themselves make the library ask for memory until it aborts, in a process of its own."""
    content = xls()
    table = content.index(b"\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00")  # which sector follows which
    path = wrote(tmp_path / "cases.xls", content[:table] + bytes(512) + content[table + 512 :])
    assert refusal(delivered(format="xls", sheet="Cases"), path).detail.code == "intake.too_large"


@pytest.mark.parametrize(
    ("book", "part", "old", "new"),
    [
        (xlsx, "xl/worksheets/sheet1.xml", b'r="A1"', b'r="XFD1048576"'),
        (xlsx, "xl/worksheets/sheet1.xml", b'r="1"', b'r="9999999"'),
        (ods, "content.xml", b'rows-repeated="1"', b'rows-repeated="' + b"9" * 5000 + b'"'),
        (ods, "content.xml", b'columns-repeated="2"', b'columns-repeated="4000000000"'),
    ],
)
def test_a_sheet_that_declares_more_cells_than_there_are(book, part, old, new, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(book())) as archive:
        content = archive.read(part)
    assert old in content
    path = wrote(tmp_path / f"cases.{book.__name__}", part_of(book, part)(content.replace(old, new, 1)))
    refused = refusal(delivered(format=book.__name__, sheet="Cases"), path)
    assert refused.detail.code == "intake.too_large"
    assert "used area" in refused.detail.what or "cells" in refused.detail.what


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_file_that_ends_with_its_header_has_no_rows(end: str, tmp_path: Path) -> None:
    delivered(format="csv", encoding="utf-8")(wrote(tmp_path / "cases.csv", f"id,age{end}".encode()))


def test_text_without_the_mark_that_its_encoding_needs(tmp_path: Path) -> None:
    path = wrote(tmp_path / "cases.csv", "id,age\n1,2\n".encode("utf-16-be"))
    assert "mark" in refusal(delivered(format="csv", encoding="utf-16"), path).detail.what


@pytest.mark.parametrize(
    "codec", ["undefined", "idna", "punycode", "utf-7", "unicode_escape", "rot13", "a\0b", "é", "zip"]
)
def test_an_encoding_that_no_table_has(codec: str, tmp_path: Path) -> None:
    path = wrote(tmp_path / "cases.csv", b"id,age\n1,+2AA-\n")
    assert refusal(delivered(format="csv", encoding=codec), path).detail.code == "intake.encoding_unknown"


def damaged_gzip() -> bytes:
    packed = bytearray(gzip.compress(b"id,a,d\n" + bytes(range(65, 91)) * 50, mtime=0))
    packed[14:18] = b"\xff\xff\xff\xff"
    return bytes(packed)


def test_damage_in_a_packed_file_is_named_with_the_file(tmp_path: Path) -> None:
    path = wrote(tmp_path / "cases.csv.gz", damaged_gzip())
    assert refusal(delivered(format="csv", encoding="utf-8"), path).detail.code == "intake.damaged"
    assert refusal(read_table, path).detail.code == "table.damaged"


def test_a_packed_table_that_unfolds_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damage, "ALWAYS_BYTES", 1 << 20)
    path = wrote(tmp_path / "cases.csv.gz", gzip.compress(b"a,b\n" + b"x,y\n" * 400_000, mtime=0))
    assert refusal(read_table, path).detail.code == "table.too_large"
    assert read_table(wrote(path, gzip.compress(b"a,b\n" + b"x,y\n" * 200_000, mtime=0))).num_rows == 200_000


def test_more_cells_than_are_held_are_refused_before_they_take_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(damage, "MAX_CELLS", 2)
    seed = next(iter(TARGETS["parquet"].seeds()))
    path = wrote(tmp_path / "cases.parquet", seed)
    assert refusal(read_table, path).detail.code == "table.too_large"
    assert refusal(delivered(format="parquet"), path).detail.code == "table.too_large"


@pytest.mark.parametrize("amount", [10**299, 10**300, -1, 0.5, True, None, "1"])
def test_forged_amounts_are_damage_or_add_up(amount: object, tmp_path: Path) -> None:
    """Hashes are no secret: a forged line may fit its chain."""
    event = EVENTS[-1] | {"rho_billionths": amount}
    path = wrote(tmp_path / "ledger.jsonl", b"")
    ledger.charge(path, "A", one_more(), {}, datetime(2026, 3, 1, tzinfo=UTC))
    (line,) = ledger.read(path)
    path.write_bytes(path.read_bytes() + Line.after(line, event).text().encode() + b"\n")
    if amount == 10**299:
        TARGETS["ledger"].read(path)
    else:
        assert refusal(TARGETS["ledger"].read, path).detail.where.endswith("line 2")
