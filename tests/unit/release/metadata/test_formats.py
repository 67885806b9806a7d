"""Every metadata format of a release, validated by the validator that the format's own community uses."""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import frictionless
import jsonschema
import mlcroissant
import polars as pl
import pyshacl
import pytest
import rdflib
import yaml
from tests.support.linked_release import CREATED, INFO, write_households
from tests.support.official_schemas import HXL_HASHTAGS, cff_schema, dcat_ap_shapes, ddi_codebook
from tests.support.protected_twin import PROFILE, write_protected

from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo
from ctdc.release.manifest import read_manifest
from ctdc.release.metadata.croissant import moved
from ctdc.release.metadata.hxl import hashtag
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow  # each needs a release

URL, TERMS = "https://data.example.org/", "https://creativecommons.org/licenses/by/4.0/"
PUBLISHED = ReleaseInfo(
    "twin", simulated=True, profile=PROFILE, version="2.1", sources=("One", "Two"), url=URL, terms=TERMS,
    contact="data@example.org", publisher="Data & People_1", titles={"en": "Twins {of} 100% & more"},
)  # fmt: skip
BARE = ReleaseInfo("twin", simulated=False)
WORDS = ReleaseInfo("twin", simulated=True, profile=PROFILE, terms="Ask before you use it.")


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One with everything said, one of a table of its own with nothing said, one with terms in words, a linked one."""
    protected = write_protected(tmp_path_factory.mktemp("protected") / "p", rows=400)
    households = write_households(tmp_path_factory.mktemp("households"), households=200)
    store = tmp_path_factory.mktemp("store")
    made = {"published": (protected, PUBLISHED), "bare": (protected, BARE), "words": (protected, WORDS)}
    made["linked"] = (households, INFO)
    return {name: build(folder, store, info, None, CREATED) for name, (folder, info) in made.items()}


KINDS = pytest.mark.parametrize("kind", ["published", "bare", "words", "linked"])


def parsed(release: Path, name: str):
    return json.loads((release / name).read_text())


def privacy_of(release: Path) -> dict:
    return parsed(release, "privacy.json")


@KINDS
def test_croissant(releases, kind, caplog):
    release = releases[kind]
    with caplog.at_level(logging.WARNING):
        dataset = mlcroissant.Dataset(jsonld=release / "metadata/croissant.json")
    assert dataset.metadata.ctx.issues.report() == ""
    assert not [record for record in caplog.records if "mlcroissant" in record.pathname or record.name == "absl"]
    assert dataset.metadata.ctx.is_v1_1()
    main = dataset.metadata.record_sets[0]
    rows = list(dataset.records(main.id))
    records = pl.read_parquet(release / f"data/{main.name}.parquet")
    assert len(rows) == records.height
    first = {key.rpartition("/")[2]: value for key, value in rows[0].items()}
    known = {key: value for key, value in records.row(0, named=True).items() if value is not None}
    assert {key: value.decode() for key, value in first.items() if isinstance(value, bytes)} == {
        key: value for key, value in known.items() if isinstance(value, str)
    }


@KINDS
def test_croissant_states_privacy_and_every_table(releases, kind):
    release = releases[kind]
    document, privacy = parsed(release, "metadata/croissant.json"), privacy_of(release)
    stated = {one["propertyID"]: one["value"] for one in document["additionalProperty"]}
    for key in {"unit", "epsilon", "delta", "threshold", "mechanism"} & set(privacy):
        assert stated[f"privacy.{key}"] == privacy[key]
    assert document["rai:dataLimitations"]
    _, manifest = read_manifest(release)
    tables = {entry.path: entry.sha256 for entry in manifest.files if entry.path.startswith("data/") and entry.rows}
    assert {file["@id"]: file["sha256"] for file in document["distribution"]} == tables
    for file in document["distribution"]:
        assert (release / "metadata" / file["contentUrl"]).resolve() == (release / file["@id"]).resolve()
    elsewhere = moved(document, "https://example.org/r/")["distribution"]
    assert [file["contentUrl"] for file in elsewhere] == [f"https://example.org/r/{path}" for path in tables]


@KINDS
def test_dcat_ap(releases, kind):
    graph = rdflib.Graph().parse(releases[kind] / "metadata/dcat.jsonld")
    conforms, _, report = pyshacl.validate(graph, shacl_graph=dcat_ap_shapes(), inference="rdfs")
    assert conforms, report
    dcat, terms = rdflib.Namespace("http://www.w3.org/ns/dcat#"), rdflib.Namespace("http://purl.org/dc/terms/")
    (dataset,) = graph.subjects(rdflib.RDF.type, dcat.Dataset)
    assert {title.language for title in graph.objects(dataset, terms.title)} == set(LANGUAGES)
    assert len(list(graph.objects(dataset, dcat.distribution))) == len(list(graph.subjects(dcat.byteSize)))
    provenance = graph.value(dataset, terms.provenance)
    assert any("epsilon: 4" in label for label in graph.objects(provenance, rdflib.RDFS.label))


def test_dcat_ap_shapes_find_what_is_missing(releases):
    """The shapes are really applied: a data set without a title does not pass."""
    document = parsed(releases["bare"], "metadata/dcat.jsonld")
    del next(node for node in document["@graph"] if node["@type"] == "dcat:Dataset")["dct:title"]
    graph = rdflib.Graph().parse(data=json.dumps(document), format="json-ld")
    assert not pyshacl.validate(graph, shacl_graph=dcat_ap_shapes(), inference="rdfs")[0]


@pytest.fixture(scope="session")
def ddi_schema(tmp_path_factory: pytest.TempPathFactory):
    return ddi_codebook(tmp_path_factory.mktemp("ddi"))


@KINDS
def test_ddi_codebook(releases, kind, ddi_schema):
    release = releases[kind]
    path = release / "metadata/ddi.xml"
    assert [error.reason for error in ddi_schema.iter_errors(path)] == []
    text = path.read_text()
    book = parsed(release, "codebook/codebook.json")
    names = [variable["name"] for variable in [*book["variables"], *book.get("linked", {}).get("variables", [])]]
    assert text.count("<var ") == len(names)
    assert f'type="privacy" subject="epsilon">{privacy_of(release)["epsilon"]}<' in text
    assert f"<caseQnty>{parsed(release, 'manifest.json')['rows']}</caseQnty>" in text


def test_the_ddi_schema_finds_what_is_wrong(releases, ddi_schema):
    text = (releases["bare"] / "metadata/ddi.xml").read_text()
    assert list(ddi_schema.iter_errors(text.replace("<catValu>", "<value>").replace("</catValu>", "</value>")))


@KINDS
def test_frictionless(releases, kind):
    report = frictionless.validate(str(releases[kind] / "data/datapackage.json"))
    assert report.valid, report.flatten(["type", "message"])


def test_frictionless_states_privacy_and_terms(releases):
    package = parsed(releases["published"], "data/datapackage.json")
    assert package["privacy"]["epsilon"] == privacy_of(releases["published"])["epsilon"]
    assert package["licenses"] == [{"path": TERMS, "title": "Terms of use"}]
    assert package["homepage"] == URL
    assert "licenses" not in parsed(releases["words"], "data/datapackage.json")


@KINDS
def test_citation_file(releases, kind):
    document = yaml.safe_load((releases[kind] / "metadata/CITATION.cff").read_text())
    validator = jsonschema.Draft7Validator(cff_schema(), format_checker=jsonschema.FormatChecker())
    assert [error.message for error in validator.iter_errors(document)] == []
    assert document["date-released"] == "2026-03-01"
    assert document["identifiers"][0]["value"].startswith("urn:uuid:")
    assert f"epsilon: {privacy_of(releases[kind])['epsilon']}" in document["abstract"]


def test_addresses_are_the_published_ones_or_none(releases):
    cff = yaml.safe_load((releases["published"] / "metadata/CITATION.cff").read_text())
    assert (cff["url"], cff["license-url"]) == (URL, TERMS)
    assert "url" not in yaml.safe_load((releases["bare"] / "metadata/CITATION.cff").read_text())
    bare = parsed(releases["bare"], "metadata/croissant.json")
    assert bare["url"] == bare["identifier"]
    assert "states no terms" in bare["license"]
    assert parsed(releases["words"], "metadata/croissant.json")["license"] == "Ask before you use it."


def test_bibtex_escapes_what_tex_would_run(releases):
    text = (releases["published"] / "metadata/citation.bib").read_text()
    assert r"title = {{Twins \{of\} 100\% \& more}}," in text
    assert r"author = {{Data \& People\_1}}," in text
    assert f"url = {{{URL}}}," in text
    assert "not to be quoted as facts" in text
    assert text.count("{") == text.count("}")


def test_ris(releases):
    lines = (releases["published"] / "metadata/citation.ris").read_bytes().decode().split("\r\n")
    assert lines[0] == "TY  - DATA"
    assert lines[-2:] == ["ER  - ", ""]
    assert {"PY  - 2026", "ET  - 2.1", f"UR  - {URL}", "AU  - Data & People_1,"} <= set(lines)
    assert all(line[2:6] == "  - " for line in lines if line)


@KINDS
def test_citations_name_what_follows_from_the_content_also_of_simulated_data(releases, kind):
    urn = yaml.safe_load((releases[kind] / "metadata/CITATION.cff").read_text())["identifiers"][0]["value"]
    for name in ("citation.bib", "citation.ris"):
        text = (releases[kind] / "metadata" / name).read_text()
        assert urn in text
        assert ("not to be quoted as facts" in text) is read_manifest(releases[kind])[1].info.simulated


@KINDS
def test_hxl(releases, kind):
    release = releases[kind]
    lines = (release / "metadata/hxl.csv").read_text(encoding="utf-8-sig").splitlines()
    tags = lines[1].split(",")
    assert {tag.partition("+")[0] for tag in tags} <= HXL_HASHTAGS
    assert len(set(tags)) == len(tags) == len(lines[0].split(","))
    counts = pl.read_csv(release / "data/aggregates.csv")
    wanted = counts.filter(pl.col("length") <= 2, ~pl.col("below_threshold"))["count"]
    shown = pl.read_csv(release / "metadata/hxl.csv", infer_schema=False)[1:]["count"].cast(pl.Float64)
    assert shown.to_list() == pytest.approx(wanted.to_list())


def test_hashtags_of_variables():
    assert hashtag("yearOfRegistration", ("2002",)) == "#date+year"
    assert hashtag("citizenship", ("AFG", "USA")) == "#country+code+origin+v_iso3"
    assert hashtag("UN_COE_Region", ("Africa",)) == "#region+name+exploitation"
    assert hashtag("Über 18?", ("1",)) == "#indicator+code+_ber_18_"


def test_the_name_by_content_follows_the_data(releases):
    names = {parsed(release, "metadata/croissant.json")["identifier"] for release in releases.values()}
    assert len(names) == len(releases)
    assert all(name.split("-")[2].startswith("8") for name in names)  # a UUID of version 8


def test_same_inputs_same_bytes(releases, tmp_path, tmp_path_factory):
    protected = write_protected(tmp_path / "p", rows=400)
    again = build(protected, tmp_path / "store", PUBLISHED, None, datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert again.name == releases["published"].name
