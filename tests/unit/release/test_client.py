"""`ctdc.load`: what it says is what the counts service says, to the last digit; and what a release is."""

import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.support.invented_release import NAMES, codes, write_protected_people, write_release

import ctdc
from ctdc.foundation.errors import Refused, UserError
from ctdc.hub.api.service import service
from ctdc.hub.api.shelf import open_shelf
from ctdc.release.certificate.keys import make_key
from ctdc.release.client import Release, Told
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow
CODES = codes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("client"))


@pytest.fixture(scope="module")
def release(folder: Path) -> Release:
    return ctdc.load(folder)


@pytest.fixture(scope="module")
def ask(folder: Path) -> Any:
    """Asks the service: path below the release, and parameters."""
    shelf = open_shelf(folder)
    client = TestClient(service(shelf))

    def asked(path: str, **parameters: str) -> Any:
        return client.get(f"{shelf.latest.address}/{path}", params=parameters).json()

    return asked


def filters(most: int) -> st.SearchStrategy[dict[str, list[str]]]:
    """Some codes of some variables."""

    def chosen(names: list[str]) -> st.SearchStrategy[dict[str, list[str]]]:
        one = {name: st.lists(st.sampled_from(CODES[name]), min_size=1, max_size=2, unique=True) for name in names}
        return st.fixed_dictionaries(one)

    return st.lists(st.sampled_from(NAMES), unique=True, max_size=most).flatmap(chosen)


def as_parameters(found: dict[str, list[str]]) -> dict[str, str]:
    return {name: ",".join(own) for name, own in found.items()}


@given(asked=filters(5))
def test_a_count_is_the_service_s_to_the_last_digit(release: Release, ask: Any, asked: dict[str, list[str]]) -> None:
    told, total = release.count(asked), ask("counts", **as_parameters(asked))["total"]
    assert (told.value, told.low, told.high) == (total["count"], total["low"], total["high"])
    assert (told.source, told.too_few) == (total["source"], total["too_few"])


@given(among=filters(4), name=st.sampled_from(NAMES), data=st.data())
def test_a_share_is_the_service_s_to_the_last_digit(
    release: Release, ask: Any, among: dict[str, list[str]], name: str, data: st.DataObject
) -> None:
    among = {other: own for other, own in among.items() if other != name}
    code = data.draw(st.sampled_from(CODES[name]))
    answer = ask("counts", by=name, **as_parameters(among))
    row = next(row for row in answer["counts"] if row["codes"][name] == code)
    told = release.share(of={name: code}, among=among)
    assert (told.value, told.low, told.high) == (row["share"], row["share_low"], row["share_high"])
    assert told.source == row["source"]
    assert told.denominator is not None
    whole = answer["denominator"]
    assert (told.denominator.value, told.denominator.low) == (whole["count"], whole["low"])
    assert (told.denominator.source, told.denominator.too_few) == (whole["source"], whole["too_few"])


@given(among=filters(2), by=st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
def test_a_table_is_the_service_s_row_for_row(
    release: Release, ask: Any, among: dict[str, list[str]], by: list[str]
) -> None:
    answer = ask("counts", by=",".join(by), **as_parameters(among))
    rows = release.table(by, among=among).rows(named=True)
    if answer["query"]["by"] == by:  # else the service has put them in its one order
        assert [
            {**row["codes"], **{key: row[key] for key in row if key != "codes"}} for row in answer["counts"]
        ] == rows
    assert len(rows) == len(answer["counts"])


@given(of=filters(2).filter(bool), among=filters(1))
def test_several_codes_at_once_are_a_share_too(
    release: Release, of: dict[str, list[str]], among: dict[str, list[str]]
) -> None:
    """Within the measured orders it is the protected estimate, no part above its whole; beyond, it has a width."""
    among = {name: own for name, own in among.items() if name not in of}
    told = release.share(of=of, among=among)
    assert told.denominator is not None
    if told.too_few:
        assert told.value is None
    elif told.source == told.denominator.source == "counts":
        exact, known = release.share(of, among), exact_whole(release, of, among)
        if told.denominator.value == pytest.approx(known, abs=0.01):
            assert told.value == pytest.approx(exact.value, abs=1e-5)
        assert told.low is not None and told.low <= exact.low + 1e-5
        assert told.high is not None and told.high >= exact.high - 1e-5
    assert told.value is None or told.low <= told.value <= told.high  # type: ignore[operator]


def exact_whole(release: Release, of: dict[str, list[str]], among: dict[str, list[str]]) -> float | None:
    """Of whom a share is one, as it was estimated."""
    group = {flag: name for name, flags in release.groups.items() for flag in flags}
    return release.answered(*{group.get(name, name) for name in of}, among=among).value


def test_a_group_s_share_is_one_of_those_with_any_answer(release: Release) -> None:
    """Who are no more than there are, though the noise of both estimates may say so."""
    told = release.share(of={"isForcedLabour": "1"})
    assert told.denominator is not None and told.value is not None
    known, people = release.answered("exploitation").value, release.estimate().value
    assert known is not None and people is not None
    assert told.denominator.value == pytest.approx(min(known, people), abs=0.01)
    part = release.estimate({"isForcedLabour": "1"}).value
    assert part is not None
    assert told.value == pytest.approx(part / min(known, people), abs=1e-5)


def test_what_is_beyond_the_measured_orders_is_marked(release: Release) -> None:
    four = {"gender": "Woman", "ageBroad": "18--20", "isSexualExploit": "1", "meansThreats": "1"}
    told = release.count(four)
    assert told.source == "records"
    assert "from the records" in str(told)
    assert told.low is not None and told.high is not None and told.low < told.high


def test_too_few_has_no_number_and_says_so(release: Release) -> None:
    told = release.count(gender="Trans/Transgender/NonConforming", ageBroad="0--8")
    assert told == Told(None, None, None, "counts", True)
    assert str(told) == "too few to say"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda release: release.count(gender="Femme"),
        lambda release: release.share(of={"sex": "1"}),
        lambda release: release.share({"gender": "Woman"}, of={"gender": "Man"}),
        lambda release: release.share(),
        lambda release: release.table(["gender"], ["ageBroad"]),
        lambda release: release.table("gender", among={"ageBroad": "0--8"}),
        lambda release: release.table(["gender", "gender"]),
        lambda release: release.at(0.9).count(),
        lambda release: release.codebook["sex"],
        lambda release: release.codebook.label("gender", "Femme"),
        lambda release: release.codebook.label("gender", language="pt"),
        lambda release: release.citation("pt"),
        lambda release: release.citation(style="apa"),
    ],
)
def test_what_is_misspelt_is_an_error_that_helps(release: Release, wrong: Any) -> None:
    with pytest.raises(UserError) as caught:
        wrong(release)
    assert caught.value.detail.what
    assert caught.value.detail.allowed or caught.value.detail.do or "no code" in caught.value.detail.what


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_code_book_names_everything(release: Release, language: str) -> None:
    table = release.codebook.table(language)
    assert table.height == sum(len(own) for own in CODES.values())
    assert table.null_count()["code_label"][0] == 0
    for name, code in islice(((name, own[0]) for name, own in CODES.items()), 5):
        row = table.filter(variable=name, code=code).row(0, named=True)
        assert row["code_label"] == release.codebook.label(name, code, language)
        assert row["label"] == release.codebook.label(name, language=language)


def test_it_is_verified_and_cited(release: Release, folder: Path, tmp_path: Path) -> None:
    report = release.verify()
    assert (report.ok, report.signed) == (True, "unsigned")
    public = make_key(tmp_path / "key.pem")
    assert not release.verify(tmp_path / "key.pem.pub").ok
    with pytest.raises(Refused):
        ctdc.load(folder, public_key=tmp_path / "key.pem.pub")
    assert public.id
    assert release.citation() == (folder / "about/citation.en.txt").read_text().strip()
    assert release.citation(style="bibtex").startswith("@")
    assert release.citation(style="ris").startswith("TY")
    assert "محاكاة" in release.citation("ar")


def test_records_are_a_frame_for_polars_and_arrow(release: Release) -> None:
    assert release.records.height == release.manifest.rows
    assert release.records.to_arrow().num_rows == release.manifest.rows
    assert isinstance(release.table(["gender"]), pl.DataFrame)


def test_a_protected_folder_counts_and_says_what_it_lacks(tmp_path: Path) -> None:
    protected = ctdc.load(write_protected_people(tmp_path), groups={"form": ["isForcedLabour", "isSexualExploit"]})
    assert protected.count(gender="Woman").value
    assert protected.share(of={"isForcedLabour": "1"}).value
    for wanted in (lambda: protected.codebook, lambda: protected.verify(), lambda: protected.citation()):
        with pytest.raises(UserError, match="ctdc protect"):
            wanted()


def test_importing_ctdc_brings_in_nothing_heavy() -> None:
    script = "import sys, ctdc; print(sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"numpy", "polars", "pyarrow", "cryptography", "numba"} & set(eval(done.stdout))
