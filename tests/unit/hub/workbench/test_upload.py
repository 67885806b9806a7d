"""Taking a file from a form, however it is cut into pieces, and leaving nothing behind when it does not come whole."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctdc.foundation.errors import UserError
from ctdc.hub.workbench.upload import boundary_of, format_of, shown_name, take

TYPE = "multipart/form-data; boundary=XbX"


def body(content: bytes, name: str = "t.csv", field: str = "file", before: bytes = b"") -> bytes:
    head = (
        f'--XbX\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'
    )
    return before + head.encode() + content + b"\r\n--XbX--\r\n"


OTHER = b'--XbX\r\nContent-Disposition: form-data; name="note"\r\n\r\nh\xc3\xa9llo\r\n'


def taken(data: bytes, out, most: int = 10_000, sizes=(7,), kind: str = TYPE):
    async def pieces():
        place, turn = 0, 0
        while place < len(data):
            size = sizes[turn % len(sizes)]
            yield data[place : place + size]
            place, turn = place + size, turn + 1

    return asyncio.run(take(pieces(), kind, out, most))


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(content=st.binary(min_size=1, max_size=300), sizes=st.lists(st.integers(1, 60), min_size=1, max_size=5))
def test_the_file_is_what_was_sent_however_it_is_cut(tmp_path_factory, content, sizes):
    if b"\r\n--XbX" in content:
        return
    out = tmp_path_factory.mktemp("u") / "part"
    found = taken(body(content, before=OTHER), out, sizes=sizes)
    assert out.read_bytes() == content
    assert (found.name, found.bytes, found.fields) == ("t.csv", len(content), {"note": "héllo"})
    assert out.stat().st_mode & 0o077 == 0


def test_what_looks_like_the_boundary_stays_in_the_file(tmp_path):
    content = b"a\r\n--Xb\r\n--Xa--XbX\r\n-"
    taken(body(content), tmp_path / "p", sizes=(1,))
    assert (tmp_path / "p").read_bytes() == content


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (body(b"x" * 200)[:-20], "workbench.form"),
        (body(b""), "workbench.no_file"),
        (body(b"abc", name=""), "workbench.no_file"),
        (body(b"abc", field="other"), "workbench.no_file"),
        (b"", "workbench.form"),
        (b"--XbX\r\n" + b"A" * 9_000, "workbench.form"),
        (body(b"x" * 10_001), "workbench.too_large"),
    ],
)
def test_what_is_no_whole_file_leaves_nothing(tmp_path, data, code):
    with pytest.raises(UserError) as caught:
        taken(data, tmp_path / "p")
    assert caught.value.detail.code == code
    assert not (tmp_path / "p").exists()


def test_a_file_that_is_too_large_is_not_written_beyond_the_limit(tmp_path, monkeypatch):
    written = []
    from ctdc.hub.workbench import upload

    kept = upload._Parser._content

    def watch(parser, data):
        kept(parser, data)
        parser.target.flush()
        written.append((tmp_path / "p").stat().st_size)

    monkeypatch.setattr(upload._Parser, "_content", watch)
    with pytest.raises(UserError):
        taken(body(b"x" * 50_000), tmp_path / "p", most=1_000, sizes=(500,))
    assert max(written) <= 1_000


def test_a_reader_who_goes_away_leaves_nothing(tmp_path):
    async def cut():
        yield body(b"x" * 100)[:80]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(take(cut(), TYPE, tmp_path / "p", 1_000))
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"])
def test_another_kind_of_form_is_refused(kind):
    with pytest.raises(UserError):
        boundary_of(kind)


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.csv", "csv"), ("A.TSV", "tsv"), ("a.b.txt", "csv"), ("a.csv.gz", "csv"), ("a.xlsx", "xlsx"), ("a.ods", "ods")],
)
def test_the_name_tells_the_format(name, form):
    assert format_of(name) == form


@pytest.mark.parametrize("name", ["a", "a.exe", "a.xlsx.gz", "csv", ".gz", "a.xls"])
def test_other_files_are_not_read(name):
    with pytest.raises(UserError):
        format_of(name)


def test_a_name_is_shown_without_folders_and_control_characters():
    assert shown_name("C:\\docs\\a\nb.csv") == "ab.csv"
    assert shown_name("../../etc/x.csv") == "x.csv"
    assert len(shown_name("x" * 500)) == 120
