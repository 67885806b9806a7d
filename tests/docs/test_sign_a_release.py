"""docs/how-to/sign-a-release.md: its members are those of a certificate, its twin is one, and its words are said."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.protected_twin import PROFILE, write_protected

from ctdc.release.build import build
from ctdc.release.certificate import check, file
from ctdc.release.certificate.evidence import read_twin
from ctdc.release.certificate.file import read_certificate
from ctdc.release.info import ReleaseInfo

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/how-to/sign-a-release.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_lists_every_member_and_no_other(tmp_path: Path) -> None:
    protected = write_protected(tmp_path / "p", rows=200)
    info = ReleaseInfo("signed", simulated=True, profile=PROFILE)
    certificate = read_certificate(build(protected, tmp_path / "s", info, None, datetime(2026, 3, 1, tzinfo=UTC)))
    assert certificate is not None
    members = TEXT.partition("| member |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", members, flags=re.MULTILINE) == list(certificate.content)


def test_the_example_of_a_twin_is_taken(tmp_path: Path) -> None:
    example = TEXT.partition("```json\n")[2].partition("```")[0]
    (tmp_path / "twin.json").write_text(example)
    assert read_twin(tmp_path / "twin.json")["utility"] == json.loads(example)["utility"]


def test_what_the_page_says_is_said_is_said() -> None:
    table = TEXT.partition("| what it says |")[2].partition("\n\n")[0]
    said = re.findall(r"^\| ([A-Z][^|]+?) \|", table, flags=re.MULTILINE)
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in (Path(check.__file__), Path(file.__file__), ROOT / "src/ctdc/release/verify.py")
    )
    assert len(said) == 10
    for sentence in said:
        for piece in sentence.split("..."):
            assert piece.strip(" ,.") in source, sentence
