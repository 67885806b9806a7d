"""A release of another hub is taken over whole and signed by whom was named, or not at all."""

import io
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.another_hub import NAMES, AnotherHub, another_hub, in_other_languages, resigned, write_partners

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import hash_file, hash_tree
from ctdc.release.certificate.keys import make_key, read_signing_key
from ctdc.release.manifest import read_manifest
from ctdc.release.partners.copies import look_again, withdraw
from ctdc.release.partners.fetch import Limits
from ctdc.release.partners.hubs import read_hubs, the_hub
from ctdc.release.partners.include import include
from ctdc.release.partners.record import DAMAGED, HIDDEN, NAME, UNTRUSTED, WITHDRAWN, Included, read_included
from ctdc.release.partners.sources import FolderSource, WebSource, source_at
from ctdc.release.tombstones import Tombstone
from ctdc.release.vocabulary import read_vocabulary

pytestmark = pytest.mark.slow
WHEN = datetime(2026, 4, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 5, 1, 12, tzinfo=UTC)


def take(release: Path | str, partners: Path, **more: Any) -> Included:
    with source_at(str(release)) as source:
        return include(source, partners, the_hub(read_hubs(partners), "north"), WHEN, **more)


def left_behind(partners: Path) -> list[str]:
    """What there is in the folder besides the list."""
    return sorted(path.name for path in partners.iterdir() if path.name != "partners.toml")


def refused(release: Path, partners: Path, **more: Any) -> str:
    """The code of the error; nothing may be left behind."""
    with pytest.raises(UserError) as caught:
        take(release, partners, **more)
    assert left_behind(partners) == []
    return caught.value.detail.code


def test_a_signed_release_is_taken_over_whole_with_where_it_is_from(north: AnotherHub, partners: Path) -> None:
    line = take(north.release, partners)
    assert hash_tree(line.place(partners)) == hash_tree(north.release)
    _, manifest = read_manifest(north.release)
    assert (line.id, line.publisher, line.key) == (manifest.id, manifest.info.publisher, north.public.id)
    assert line.manifest_sha256 == hash_file(north.release / "manifest.json")
    assert line.included == WHEN
    assert line.source == "", "a path of this machine is nobody's business"
    assert read_included(partners / NAME) == (line,)
    assert look_again(partners) == (line,)


def test_taken_over_again_it_is_the_same(north: AnotherHub, partners: Path) -> None:
    line = take(north.release, partners)
    before = hash_tree(partners)
    with source_at(str(north.release)) as source:
        again = include(source, partners, read_hubs(partners)["north"], LATER)
    assert (again, hash_tree(partners)) == (line, before)


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "flat.zip"])
def test_an_archive_is_as_good_as_a_folder(north: AnotherHub, partners: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"release.{kind}"
    inside = "" if kind.startswith("flat") else "download/"
    files = [one for one in north.release.rglob("*") if one.is_file()]
    if kind.endswith("zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for one in files:
                archive.write(one, inside + one.relative_to(north.release).as_posix())
    else:
        with tarfile.open(path, "w:gz") as archive:
            for one in files:
                archive.add(one, inside + one.relative_to(north.release).as_posix())
    assert hash_tree(take(path, partners).place(partners)) == hash_tree(north.release)


def test_nobody_s_release_is_refused(tmp_path: Path, partners: Path) -> None:
    unsigned = another_hub(tmp_path / "other", sign=False)
    assert refused(unsigned.release, partners) == "include.unsigned"


def test_a_stranger_s_signature_is_refused_before_anything_else_is_read(
    north: AnotherHub, partners: Path, tmp_path: Path
) -> None:
    make_key(tmp_path / "stranger.pem")
    copy = resigned(north.release, tmp_path / "copy", read_signing_key(tmp_path / "stranger.pem"))
    (copy / "data" / "synthetic.csv").unlink()  # would be missed if anything were read
    assert refused(copy, partners) == "include.other_key"


def test_without_a_certificate_it_is_refused(north: AnotherHub, partners: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(north.release, tmp_path / north.release.name))
    (copy / "certificate.json").unlink()
    assert refused(copy, partners) == "include.unsigned"


def test_a_changed_manifest_is_not_what_was_signed(north: AnotherHub, partners: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(north.release, tmp_path / north.release.name))
    text = (copy / "manifest.json").read_text()
    (copy / "manifest.json").write_text(text.replace('"rows"', '"rows" '))
    assert refused(copy, partners) == "include.forged"


@pytest.mark.parametrize("change", ["flipped", "longer", "shorter", "missing", "link"])
def test_a_file_that_is_not_the_signed_one_stops_all(
    north: AnotherHub, partners: Path, tmp_path: Path, change: str
) -> None:
    copy = Path(shutil.copytree(north.release, tmp_path / north.release.name))
    path = copy / "data" / "synthetic.csv"
    data = path.read_bytes()
    if change == "missing":
        path.unlink()
    elif change == "link":
        path.rename(tmp_path / "elsewhere.csv")
        path.symlink_to(tmp_path / "elsewhere.csv")
    else:
        path.write_bytes({"flipped": data[:-2] + b"x\n", "longer": data + b"x", "shorter": data[:-9]}[change])
    expected = {"longer": "include.too_large", "missing": "include.missing", "link": "include.missing"}
    assert refused(copy, partners) == expected.get(change, "include.changed")


def test_a_hub_that_was_not_named_is_unknown(north: AnotherHub, partners: Path) -> None:
    with pytest.raises(UserError, match="No hub is called"), source_at(str(north.release)) as source:
        include(source, partners, the_hub(read_hubs(partners), "south"), WHEN)
    (partners / "partners.toml").unlink()
    with pytest.raises(UserError, match="no list of the hubs"):
        read_hubs(partners)


def test_more_than_is_allowed_is_not_begun(north: AnotherHub, partners: Path) -> None:
    assert refused(north.release, partners, limits=Limits(bytes=1000)) == "include.too_large"


def test_slow_sources_are_given_up(north: AnotherHub, partners: Path) -> None:
    assert refused(north.release, partners, limits=Limits(seconds=0)) == "include.slow"


@pytest.mark.parametrize("slow", ["manifest.json", "certificate.json", "data/synthetic.csv"])
def test_a_file_that_trickles_is_given_up_before_its_end(
    north: AnotherHub, partners: Path, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    """A second goes by with every byte of one file."""
    clock = [0.0]

    class Trickle(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            clock[0] += 1
            return super().read1(1)

        def read(self, size: int | None = -1, /) -> bytes:
            return b"".join(iter(self.read1, b""))

    class Slow(FolderSource):
        def open(self, path: str) -> Any:
            stream = super().open(path)
            return Trickle(stream.read()) if path == slow else stream

    monkeypatch.setattr("ctdc.release.partners.fetch.time", SimpleNamespace(monotonic=lambda: clock[0]))
    with pytest.raises(UserError) as caught:
        include(Slow(north.release), partners, read_hubs(partners)["north"], WHEN, Limits(seconds=5))
    assert caught.value.detail.code == "include.slow"
    assert slow in caught.value.detail.where
    assert clock[0] == 6
    assert left_behind(partners) == []


@pytest.mark.parametrize(
    "path", ["../evil.txt", "/etc/evil", "data/../../evil", "data\\evil", ".hidden", "a//b", "c:x"]
)
def test_no_name_leads_out_of_the_folder(path: str) -> None:
    from ctdc.release.partners.fetch import _is_plain

    assert not _is_plain(path)
    assert _is_plain("data/synthetic.csv")
    assert _is_plain("metadata/CITATION.cff")


def test_killed_half_way_nothing_is_published(
    north: AnotherHub, partners: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ctdc.release.partners.include.note", stop)
    with pytest.raises(KeyboardInterrupt):
        take(north.release, partners)
    assert read_included(partners / NAME) == ()
    monkeypatch.undo()
    assert take(north.release, partners).gone is None


def test_a_release_in_other_languages_is_as_good(north: AnotherHub, partners: Path, tmp_path: Path) -> None:
    """Its id follows from the titles that it states, and not from those that this hub would give it."""
    line = take(in_other_languages(north, tmp_path), partners)
    assert line.title("ar") == "ملاجئ"
    assert line.title("de") == line.title("en") == "Abrigos"
    vocabulary = read_vocabulary(line.place(partners) / "codebook/codebook.json")
    assert [words.labels["fr"] for words in vocabulary.variables] == ["arrival (pt)", "shelter (pt)", "legalAid (pt)"]
    assert look_again(partners) == (line,)


# ---- afterwards ------------------------------------------------------------------------------------------------------


def stone(line: Included) -> Tombstone:
    words = {"en": "Two shelters were exchanged."}
    return Tombstone(line.id, line.folder, line.created, line.titles, LATER, "error", words)


def test_what_its_hub_withdraws_goes_and_stays_away(north: AnotherHub, partners: Path) -> None:
    line = take(north.release, partners)
    hub = read_hubs(partners)["north"]
    (went,) = withdraw(partners, hub, [stone(line)], LATER)
    assert went.gone is not None
    assert (went.gone.reason, went.gone.stated, went.gone.when) == (WITHDRAWN, "error", LATER)
    assert not line.place(partners).exists()
    assert look_again(partners) == (went,)
    assert withdraw(partners, hub, [stone(line)], LATER) == ()
    with pytest.raises(Refused, match="has withdrawn"):
        take(north.release, partners)


def test_what_is_withdrawn_while_it_arrives_does_not_come_back(
    north: AnotherHub, partners: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = take(north.release, partners)
    hub = read_hubs(partners)["north"]

    def meanwhile(*_: object) -> None:
        withdraw(partners, hub, [stone(line)], LATER)

    monkeypatch.setattr("ctdc.release.partners.include.require_verified", meanwhile)
    with pytest.raises(Refused, match="has withdrawn"):
        take(north.release, partners)
    assert not line.place(partners).exists()
    (found,) = look_again(partners)
    assert found.gone is not None and found.gone.reason == WITHDRAWN


def test_two_that_write_at_once_lose_no_line(north: AnotherHub, partners: Path) -> None:
    line = take(north.release, partners)
    code = (
        "import sys; from pathlib import Path; from dataclasses import replace\n"
        "from ctdc.release.partners.record import NAME, note, read_included\n"
        "folder = Path(sys.argv[1]); (line,) = [one for one in read_included(folder / NAME) if one.id == sys.argv[2]]\n"
        "for number in range(20): note(folder, replace(line, id=f'{sys.argv[3]}{number}'))"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(partners), line.id, name]) for name in ("a", "b")]
    assert [one.wait() for one in running] == [0, 0]
    assert len(read_included(partners / NAME)) == 41


def test_a_hub_withdraws_its_own_releases_only(north: AnotherHub, partners: Path) -> None:
    line = take(north.release, partners)
    text = (partners / "partners.toml").read_text()
    (partners / "partners.toml").write_text(text + "\n" + text.replace("hub.north", "hub.south"))
    assert withdraw(partners, read_hubs(partners)["south"], [stone(line)], LATER) == ()
    assert look_again(partners)[0].gone is None


def test_a_copy_that_was_changed_is_gone_until_it_is_mended(north: AnotherHub, partners: Path) -> None:
    line = take(north.release, partners)
    path = line.place(partners) / "data" / "synthetic.csv"
    whole = path.read_bytes()
    path.write_bytes(whole + b"x\n")
    (found,) = look_again(partners)
    assert found.gone is not None and found.gone.reason == DAMAGED
    path.write_bytes(whole)
    assert look_again(partners) == (line,)


@pytest.mark.parametrize("damage", ["changed", "manifest", "empty"])
def test_a_damaged_copy_is_mended_by_taking_it_over_again(north: AnotherHub, partners: Path, damage: str) -> None:
    line = take(north.release, partners)
    place = line.place(partners)
    if damage == "changed":
        (place / "data" / "synthetic.csv").write_text("x\n")
    elif damage == "manifest":
        (place / "manifest.json").write_text("{")
    else:
        shutil.rmtree(place)
        place.mkdir()
    assert take(north.release, partners) == line
    assert look_again(partners) == (line,)
    assert [path.name for path in place.parent.iterdir()] == [line.folder]


def test_a_hub_s_new_key_is_followed_once_it_is_named(north: AnotherHub, partners: Path, tmp_path: Path) -> None:
    line = take(north.release, partners)
    make_key(tmp_path / "new.pem")
    key = read_signing_key(tmp_path / "new.pem")
    copy = resigned(north.release, tmp_path / "copy", key)
    write_partners(partners, key.public.id)
    with source_at(str(copy)) as source:
        renewed = include(source, partners, read_hubs(partners)["north"], LATER)
    assert (renewed.key, renewed.included, renewed.id) == (key.public.id, line.included, line.id)
    assert look_again(partners) == (renewed,)
    assert renewed.gone is None


def test_a_copy_that_somebody_signs_anew_is_gone(north: AnotherHub, partners: Path, tmp_path: Path) -> None:
    line = take(north.release, partners)
    make_key(tmp_path / "stranger.pem")
    copy = resigned(north.release, tmp_path / "copy", read_signing_key(tmp_path / "stranger.pem"))
    shutil.copyfile(copy / "certificate.json", line.place(partners) / "certificate.json")
    (found,) = look_again(partners)
    assert found.gone is not None and found.gone.reason == DAMAGED


@pytest.mark.parametrize(("key", "more", "reason"), [("0" * 64, {}, UNTRUSTED), (None, {"hidden": True}, HIDDEN)])
def test_who_is_no_longer_trusted_or_hidden_is_gone(
    north: AnotherHub, partners: Path, key: str | None, more: dict[str, object], reason: str
) -> None:
    line = take(north.release, partners)
    hidden = {"hidden": json.dumps([line.folder])} if more else {}
    write_partners(partners, key or north.public.id, **hidden)
    (found,) = look_again(partners)
    assert found.gone is not None and found.gone.reason == reason


# ---- the list --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        ("https://north", "http://north"),
        ("[hub.north.names]", "[hub.north.other]"),
        ('en = "North Data Hub"', 'en = ""'),
        ("key = ", "keys = "),
        ("[hub.north]", "[hub.North]"),
        ("[hub.north]", "x = ["),
    ],
)
def test_a_list_that_is_wrong_says_where(partners: Path, change: tuple[str, str]) -> None:
    path = partners / "partners.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_hubs(partners)
    assert caught.value.detail.code.startswith("partners.")
    assert "partners.toml" in caught.value.detail.where


@pytest.mark.parametrize("change", [('en = "North Data Hub"', 'pt = "Norte"'), ('en = "North Data Hub"', "")])
def test_a_name_that_lacks_stops_taking_over_and_nothing_else(
    north: AnotherHub, partners: Path, change: tuple[str, str]
) -> None:
    line = take(north.release, partners)
    path = partners / "partners.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        take(north.release, partners)
    assert caught.value.detail.code == "partners.wrong" and str(path) in caught.value.detail.where
    (found,) = look_again(partners)
    assert (found.id, found.gone) == (line.id, None)
    assert found.name("fr") == "Centre de données du Nord"
    assert found.name("en") in NAMES.values()


def test_a_key_may_be_a_file_beside_the_list(north: AnotherHub, partners: Path) -> None:
    (partners / "north.pub").write_bytes(north.public.pem())
    write_partners(partners, "north.pub")
    assert read_hubs(partners)["north"].key == north.public.id


@pytest.mark.parametrize("change", [{"format": "x"}, {"releases": [{}]}, {"releases": 1}])
def test_another_record_is_refused(north: AnotherHub, partners: Path, change: dict[str, object]) -> None:
    take(north.release, partners)
    document = json.loads((partners / NAME).read_text())
    (partners / NAME).write_text(json.dumps(document | change))
    with pytest.raises(UserError) as caught:
        read_included(partners / NAME)
    assert caught.value.detail.code == "included.wrong"


# ---- sources ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["http://x.org/r", "file:///etc", "https://", "https://a@x.org/r", "https://x.org/?q", "ftp://x.org"]
)
def test_only_https_is_an_address(address: str) -> None:
    with pytest.raises(UserError) as caught:
        WebSource(address)
    assert caught.value.detail.code == "include.address"


def test_an_archive_without_one_release_is_none(tmp_path: Path) -> None:
    for names in ([], ["a/manifest.json", "b/manifest.json"], ["readme.txt"]):
        path = tmp_path / f"{len(names)}{'x'.join(names)[:1]}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, "{}")
        with pytest.raises(UserError) as caught, source_at(str(path)):
            pass
        assert caught.value.detail.code == "include.source"
    (tmp_path / "text").write_text("no archive")
    with pytest.raises(UserError), source_at(str(tmp_path / "text")):
        pass


def test_a_link_in_a_tar_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "links.tar"
    with tarfile.open(path, "w") as archive:
        entry = tarfile.TarInfo("manifest.json")
        entry.size = 2
        archive.addfile(entry, io.BytesIO(b"{}"))
        link = tarfile.TarInfo("certificate.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with source_at(str(path)) as source, pytest.raises(UserError) as caught:
        source.open("certificate.json")
    assert caught.value.detail.code == "include.missing"


def test_a_folder_source_does_not_leave_its_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "inside").symlink_to(tmp_path)
    with pytest.raises(UserError):
        FolderSource(tmp_path / "release").open("inside/secret")
