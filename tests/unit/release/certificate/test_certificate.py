"""A signed certificate vouches for every byte of a release, and says nothing that is not public."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.protected_twin import write_protected
from tests.unit.release.certificate.conftest import LEDGER
from tests.unit.release.conftest import CREATED

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import hash_bytes, hash_file, hash_tree
from ctdc.release.build import build
from ctdc.release.certificate.canonical import canonical
from ctdc.release.certificate.check import certificate_problems
from ctdc.release.certificate.content import configuration
from ctdc.release.certificate.evidence import Evidence
from ctdc.release.certificate.file import certify, parse, read_certificate
from ctdc.release.manifest import CERTIFICATE, MANIFEST, OLDEST_FORMAT, read_manifest
from ctdc.release.verify import verify

pytestmark = pytest.mark.slow  # each needs a release
TABLE = {"columns": ["group"], "rows": [["minors"]]}
AUDIT_PART = {
    "sha256": "", "verdict": "inconclusive", "epsilon": 2.0, "delta": 1e-6,
    "code": {"ctdc": "1", "engine": "0", "opendp": "3", "source": "4"}, "runs": 1, "whole_runs": 0, "attacks": 1,
    "rejected": 0, "mutants": {"caught": 9, "of": 9},
}  # fmt: skip


def found(folder: Path, key=None) -> list[tuple[str, str]]:
    """Code and place of every problem of the certificate."""
    _, manifest = read_manifest(folder)
    return [(problem.code, problem.where) for problem in certificate_problems(folder, manifest, key)]


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 1
    path.write_bytes(bytes(content))


def test_a_signed_release_verifies_with_the_key_of_its_publisher(signed, key):
    report = verify(signed, key=key.public)
    assert report.ok, report.problems
    assert report.signed == key.public.id
    assert report.as_dict()["signed"] == key.public.id


def test_the_key_of_somebody_else_is_found(signed, other_key, key):
    (problem,) = verify(signed, key=other_key.public).problems
    assert problem.code == "certificate.other_key"
    assert key.public.id[:16] in problem.what
    assert other_key.public.id[:16] in problem.what


def test_an_unsigned_certificate_says_so_and_satisfies_no_key(release, key):
    certificate = read_certificate(release)
    assert certificate is not None
    assert certificate.signature is None
    assert json.loads((release / CERTIFICATE).read_text())["signature"] is None
    assert verify(release).signed == "unsigned"
    assert verify(release).ok
    assert found(release, key.public) == [("certificate.unsigned", CERTIFICATE)]


def test_one_altered_byte_in_any_file_is_found_and_the_file_named(copy, key):
    files = [path for path in sorted(copy.rglob("*")) if path.is_file()]
    assert len(files) > 40
    for path in files:
        name, before = path.relative_to(copy).as_posix(), path.read_bytes()
        if name in (MANIFEST, CERTIFICATE) or not before:
            continue
        flip(path, len(before) // 2)
        assert [problem.where for problem in verify(copy, key=key.public).problems] == [name]
        path.write_bytes(before)
    assert verify(copy, key=key.public).ok


def test_one_altered_byte_anywhere_in_the_certificate_is_found(copy, key):
    path = copy / CERTIFICATE
    before = path.read_bytes()
    signature = before.index(b'"signature"')
    for place in [*range(0, signature, 29), *range(signature, len(before), 3)]:
        flip(path, place)
        problems = found(copy, None)  # whoever has no key sees a damaged one too
        assert problems, place
        assert {where for _, where in problems} <= {CERTIFICATE, MANIFEST}
        path.write_bytes(before)
    assert not found(copy, key.public)


@pytest.mark.parametrize("edit", [lambda text: text + " ", lambda text: text.replace("{", "{ ", 1)])
def test_a_manifest_that_differs_in_spaces_only_is_not_the_one_that_was_signed(copy, edit):
    path = copy / MANIFEST
    path.write_text(edit(path.read_text()))
    assert found(copy) == [("certificate.manifest", MANIFEST)]


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["protection"].update(epsilon=1.0),
        lambda content: content["release"].update(simulated=False),
        lambda content: content.update(errata="nobody@example.org"),
        lambda content: content["attacker"].update(best_accuracy=0.5),
        lambda content: content["configuration"].update(sha256="0" * 64),
        lambda content: content.update(more="than there is"),
    ],
)
@pytest.mark.parametrize("forger", [True, False])
def test_a_certificate_that_says_other_than_the_files_is_found_whoever_signed_it(bare, other_key, change, forger):
    certificate = read_certificate(bare)
    content = json.loads(json.dumps(certificate.content))
    change(content)
    forged = replace(certificate, content=content)
    (bare / CERTIFICATE).write_text((forged.signed_by(other_key) if forger else forged).to_json())
    assert {code for code, _ in found(bare)} == {"certificate.differs"}


@pytest.mark.parametrize(
    "evidence",
    [
        {"ledger": {"all": "nonsense"}},
        {"audit": {"verdict": "fine"}},
        {"twin": {"sha256": "", "simulated": False, "utility": {}, "subgroups": {}}},
        {"ledger": {**LEDGER, "before": {"rho": "much", "epsilon": 1}}},
        {"ledger": {**LEDGER, "charges_before": -1}},
        {"audit": {**AUDIT_PART, "code": "f41ac17c6ec4"}},
        {"audit": {**AUDIT_PART, "mutants": 9}},
        {"twin": {"sha256": 1, "simulated": True, "utility": TABLE, "subgroups": TABLE}},
        {"approvers": "me"},
    ],
)
def test_evidence_that_makes_no_sense_is_found(bare, evidence):
    certificate = read_certificate(bare)
    forged = replace(certificate, content={**certificate.content, **evidence})
    (bare / CERTIFICATE).write_text(forged.to_json())
    assert found(bare) == [("certificate.content", CERTIFICATE)]


def test_evidence_that_makes_sense_is_taken(bare):
    certificate = read_certificate(bare)
    twin = {"sha256": "", "simulated": True, "utility": TABLE, "subgroups": TABLE}
    (bare / CERTIFICATE).write_text(
        replace(certificate, content={**certificate.content, "audit": AUDIT_PART, "twin": twin}).to_json()
    )
    assert not found(bare)


@pytest.mark.parametrize(
    "evidence",
    [
        {"ledger": {**LEDGER, "population": "others"}},
        {"ledger": {**LEDGER, "delta": 0.1}},
        {"ledger": {**LEDGER, "after": {"rho": 0.5, "epsilon": 2.0}}},
        {"audit": {**AUDIT_PART, "code": {**AUDIT_PART["code"], "engine": "1"}}},
        {"audit": {**AUDIT_PART, "rejected": 1}},
    ],
)
def test_evidence_of_something_else_is_found_whoever_signed_it(bare, key, evidence):
    certificate = read_certificate(bare)
    forged = replace(certificate, content={**certificate.content, **evidence})
    (bare / CERTIFICATE).write_text(forged.signed_by(key).to_json())
    assert found(bare, key.public) == [("certificate.evidence", CERTIFICATE)]


def stated(folder: Path, name: str, change) -> Path:
    """The release with another content of a file, and a manifest and a certificate that fit and claim much."""
    path = folder / name
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    document = json.loads((folder / MANIFEST).read_text())
    for entry in document["files"]:
        if entry["path"] == name:
            entry["sha256"], entry["bytes"] = hash_file(path), path.stat().st_size
    (folder / MANIFEST).write_text(json.dumps(document))
    _, manifest = read_manifest(folder)
    (folder / MANIFEST).write_text(manifest.to_json())
    certificate = read_certificate(folder)
    content = json.loads(json.dumps(certificate.content))
    content["protection"]["epsilon"] = 0.01
    content["release"].update(id=manifest.id, folder=manifest.folder, manifest_sha256=hash_file(folder / MANIFEST))
    (folder / CERTIFICATE).write_text(replace(certificate, content=content).to_json())
    return folder.rename(folder.parent / manifest.folder)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("privacy.json", lambda privacy: {**privacy, "libraries": 7}),
        ("privacy.json", lambda privacy: []),
        ("privacy.json", lambda privacy: {**privacy, "epsilon": 1e6, "mu": None}),
        ("privacy.json", lambda privacy: {**privacy, "mu": "small"}),
        ("data/figures.json", lambda figures: {"headlines": 7}),
    ],
)
def test_files_that_cannot_be_compared_never_let_a_certificate_pass(bare, name, change):
    report = verify(stated(bare, name, change))
    (check,) = [check for check in report.checks if check.name == "the certificate is for these files"]
    assert check.problems
    assert not report.ok


def amounts_without_a_point(text: str) -> str:
    return text.replace('"epsilon": 4.0', '"epsilon": 4')


def other_order(text: str) -> str:
    document = json.loads(text)
    document["certificate"] = dict(reversed(document["certificate"].items()))
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def other_order_of_evidence(text: str) -> str:
    document = json.loads(text)
    document["certificate"]["ledger"] = dict(reversed(document["certificate"]["ledger"].items()))
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def other_order_of_the_signature(text: str) -> str:
    document = json.loads(text)
    document["signature"] = dict(reversed(document["signature"].items()))
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def line_ends(text: str) -> str:
    return text.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "spelling",
    [amounts_without_a_point, other_order, other_order_of_evidence, other_order_of_the_signature, line_ends],
)
def test_another_spelling_of_the_same_is_found(copy, key, spelling):
    """The signature covers what is said; the bytes are compared too."""
    path = copy / CERTIFICATE
    before = path.read_bytes()
    path.write_bytes(spelling(before.decode()).encode())
    assert path.read_bytes() != before
    assert [where.rpartition("/")[2] for _, where in found(copy, key.public)] == [CERTIFICATE]


def test_a_number_that_nobody_can_sign_is_found(bare):
    path = bare / CERTIFICATE
    path.write_text(path.read_text().replace('"threshold": 10', f'"threshold": {10**40}'))
    assert found(bare) == [("certificate.unreadable", CERTIFICATE)]


def test_the_certificate_of_another_release_is_found(copy, protected, info, key, tmp_path):
    other = build(protected, tmp_path / "other", replace(info, version="2"), None, CREATED, key=key)
    shutil.copyfile(other / CERTIFICATE, copy / CERTIFICATE)
    assert ("certificate.manifest", MANIFEST) in found(copy, key.public)


def test_a_certificate_that_was_taken_away_is_missed(copy):
    (copy / CERTIFICATE).unlink()
    assert found(copy) == [("certificate.missing", CERTIFICATE)]


def test_a_link_in_place_of_the_certificate_is_refused(copy, tmp_path):
    (copy / CERTIFICATE).rename(tmp_path / "elsewhere.json")
    (copy / CERTIFICATE).symlink_to(tmp_path / "elsewhere.json")
    assert [problem.code for problem in verify(copy).problems] == ["files.link"]


def older(release: Path) -> Path:
    """The release as it was before there were certificates."""
    _, manifest = read_manifest(release)
    old = replace(manifest, format=OLDEST_FORMAT)
    (release / CERTIFICATE).unlink()
    (release / MANIFEST).write_text(old.to_json())
    return release.rename(release.parent / old.folder)


def test_a_release_from_before_there_were_certificates_verifies(copy, key):
    folder = older(copy)
    report = verify(folder)
    assert report.ok, report.problems
    assert report.signed == "none"
    assert found(folder, key.public) == [("certificate.missing", CERTIFICATE)]
    certify(folder, Evidence(), key)
    assert verify(folder, key=key.public).ok


def test_a_certificate_is_never_written_in_two_ways(signed):
    text = (signed / CERTIFICATE).read_text()
    assert parse(text).to_json() == text
    doubled = text.replace('"errata"', '"errata": "", "errata"')
    assert json.loads(doubled) == json.loads(text)
    for other in (
        doubled,
        text.rstrip(),
        text.replace("  ", " "),
        text.replace("5.8e-06", "0.0000058"),
        "[]",
        "{}",
        "no",
        "[" * 100_000,
    ):
        with pytest.raises(ValueError, match="certificate"):
            parse(other)


def test_two_builds_are_the_same_byte_for_byte(protected, info, key, signed, tmp_path):
    again = build(protected, tmp_path, info, None, CREATED, evidence=Evidence(ledger=LEDGER), key=key)
    assert hash_tree(again) == hash_tree(signed)


def test_the_signature_changes_nothing_else(release, signed):
    assert signed.name == release.name
    assert (signed / MANIFEST).read_bytes() == (release / MANIFEST).read_bytes()
    assert [entry.path for entry in read_manifest(signed)[1].files if entry.path == CERTIFICATE] == []


def test_building_again_signs_what_nobody_has_signed_and_takes_no_signature_away(protected, info, key, bare):
    assert build(protected, bare.parent, info, None, CREATED, key=key) == bare
    assert verify(bare, key=key.public).ok
    before = (bare / CERTIFICATE).read_bytes()
    build(protected, bare.parent, info, None, CREATED)
    assert (bare / CERTIFICATE).read_bytes() == before


def test_what_was_signed_does_not_change_unless_that_is_meant(copy, key, other_key):
    before = (copy / CERTIFICATE).read_bytes()
    more = Evidence(approvers=("A", "B"))
    for chosen in (None, key, other_key):
        with pytest.raises(Refused) as caught:
            certify(copy, more, chosen)
        assert caught.value.detail.code == "certificate.signed"
    assert (copy / CERTIFICATE).read_bytes() == before
    again = certify(copy, more, key, again=True)
    assert again.content["approvers"] == ["A", "B"]
    assert again.content["ledger"] == LEDGER  # what it said before stays
    assert verify(copy, key=key.public).ok


def test_what_another_key_has_signed_is_not_taken_over(copy, other_key):
    assert certify(copy, Evidence(), other_key, again=True).evidence == Evidence()


def test_a_key_vouches_for_nothing_that_anybody_may_have_written(bare, key):
    certificate = read_certificate(bare)
    claimed = Evidence(LEDGER, AUDIT_PART, None, ("A minister",))
    (bare / CERTIFICATE).write_text(
        replace(certificate, content={**certificate.content, **claimed.as_dict()}).to_json()
    )
    assert certify(bare, Evidence(ledger=LEDGER), key).evidence == Evidence(ledger=LEDGER)
    assert verify(bare, key=key.public).ok


def test_the_signed_bytes_are_canonical_and_name_the_manifest(signed, key):
    certificate = read_certificate(signed)
    assert certificate.message == canonical(json.loads((signed / CERTIFICATE).read_text())["certificate"])
    assert key.public.signed(certificate.signature.value, certificate.message)
    assert certificate.content["release"]["manifest_sha256"] == hash_file(signed / MANIFEST)


def test_the_configuration_can_be_computed_again_from_the_release(signed):
    privacy = json.loads((signed / "privacy.json").read_text())
    stated = read_certificate(signed).content["configuration"]
    again = {name: privacy[name] for name in stated["of"] if name != "workload"}
    assert stated == {"sha256": hash_bytes(canonical(again)), "of": sorted(again)}
    asked = {**privacy, "workload": {"length": 1, "sets": []}, "asked_length": 3}
    assert configuration(asked) == configuration({**asked, "workload": {"length": 3, "sets": []}})
    assert configuration(asked) != configuration({**asked, "asked_length": 2})


def numbers(text: str) -> set[float]:
    return {float(one.replace(",", "")) for one in re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?!\w)", text)}


def leaves(value) -> list:
    """Every text, number and truth value in a JSON value."""
    if isinstance(value, dict | list):
        return [leaf for one in (value.values() if isinstance(value, dict) else value) for leaf in leaves(one)]
    return [value]


def test_everything_it_says_is_in_the_release_or_was_given(signed, tmp_path):
    """The certificate of a copy is the same: nothing beside the published files goes into it."""
    copied = Path(shutil.copytree(signed, tmp_path / "elsewhere"))
    (copied / CERTIFICATE).unlink()
    content = certify(copied, Evidence(ledger=LEDGER), None).content
    assert content == read_certificate(signed).content
    names = ("privacy.json", MANIFEST, "about/privacy.json", "data/figures.json")
    published = [leaf for name in names for leaf in leaves(json.loads((signed / name).read_text()))]
    said = leaves({**content, "ledger": None})
    assert {leaf for leaf in said if isinstance(leaf, int | float)} <= set(published)
    assert set(content["data_cut"]["years"] or ()) <= {str(leaf) for leaf in published}


def test_no_true_number_is_in_it_nor_in_the_registry_s_entry(tmp_path, info):
    """How many people there really are is known here: neither file has that number, but the noisy one."""
    protected = write_protected(tmp_path / "p", rows=437, error=4, length=1)
    release = build(protected, tmp_path / "store", info, None, CREATED)
    noisy = json.loads((release / "privacy.json").read_text())["total"]["count"]
    assert round(noisy) != 437
    entry = numbers((release / "metadata/deployments_registry.yaml").read_text())
    assert round(noisy) in entry
    assert 437 not in entry | numbers((release / CERTIFICATE).read_text())


def test_a_file_that_cannot_be_read_is_an_error_with_its_place(copy):
    (copy / CERTIFICATE).write_bytes(b"\xff\xfe")
    with pytest.raises(UserError) as caught:
        read_certificate(copy)
    assert caught.value.detail.code == "certificate.unreadable"
    assert CERTIFICATE in caught.value.detail.where
