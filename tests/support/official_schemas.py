"""The schemas of official bodies that stand in ``schemas/``, ready to validate with, and without a network."""

import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import rdflib
import xmlschema

FOLDER = Path(__file__).parent / "schemas"
# The hashtags of HXL 1.1 (https://hxlstandard.org/standard/1-1final/dictionary/).
_HASHTAGS = """
#access #activity #adm1 #adm2 #adm3 #adm4 #adm5 #affected #beneficiary #capacity #cause #channel #contact #country
#crisis #currency #date #description #event #frequency #geo #group #impact #indicator #inneed #item #loc #meta
#modality #need #operations #org #output #population #reached #region #respondee #sector #service #severity #status
#subsector #targeted #value
"""
HXL_HASHTAGS = frozenset(_HASHTAGS.split())


@cache
def ddi_codebook(unpacked_in: Path) -> xmlschema.XMLSchema:
    """DDI Codebook 2.6; its files import each other, so they are unpacked into a folder first."""
    with zipfile.ZipFile(FOLDER / "ddi-codebook-2.6.zip") as archive:
        archive.extractall(unpacked_in)
    # As published, one attribute has its annotation in a place where XML Schema has none; all else is strict.
    schema = xmlschema.XMLSchema(unpacked_in / "codebook.xsd", allow="local", validation="lax")
    faults = [error for error in schema.all_errors if "xs:annotation" not in str(error.message)]
    if faults:
        raise faults[0]
    return schema


def dcat_ap_shapes() -> rdflib.Graph:
    """The SHACL shapes of DCAT-AP 3.0.0."""
    return rdflib.Graph().parse(data=_read("dcat-ap-3.0.0-shacl.zip", "dcat-ap-SHACL.jsonld"), format="json-ld")


def cff_schema() -> Any:
    """The JSON Schema of the Citation File Format 1.2.0."""
    return json.loads(_read("cff-1.2.0.zip", "schema.json"))


def _read(archive: str, name: str) -> str:
    with zipfile.ZipFile(FOLDER / archive) as opened:
        return opened.read(name).decode()
