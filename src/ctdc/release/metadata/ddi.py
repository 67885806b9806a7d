"""A release as a DDI Codebook 2.6 document, which data archives and survey tools read.

Promise: every table is a file with its number of rows; every variable is there with its label and definition in all
five languages and with all of its codes; what protects people is under the methods.
Source: https://ddialliance.org/Specification/DDI-Codebook/2.6/
"""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

from ctdc.release.metadata.croissant import UP
from ctdc.release.metadata.facts import METADATA_TEXTS, ReleaseFacts, Table
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.release.vocabulary import Labels, VariableWords
from ctdc.standard.languages import DEFAULT, LANGUAGES

DDI = "ddi.xml"
NAMESPACE = "ddi:codebook:2_6"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
Node = ElementTree.Element


def ddi(facts: ReleaseFacts) -> bytes:
    """The content of ``metadata/ddi.xml``."""
    root = Node("codeBook", {"xmlns": NAMESPACE, "version": "2.6", _LANGUAGE: DEFAULT})
    _add(root, "docDscr", _citation(facts))
    study = _add(root, "stdyDscr", _citation(facts))
    _study(study, facts)
    for number, table in enumerate(facts.tables, 1):
        root.append(_file(facts, table, f"F{number}"))
    _variables(_add(root, "dataDscr"), facts)
    ElementTree.indent(root, " ")
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _add(parent: Node, tag: str, child: Node | None = None, text: str = "", **attributes: str) -> Node:
    node = ElementTree.SubElement(parent, tag, attributes)
    node.text = text or None
    if child is not None:
        node.append(child)
    return node


def _in_all(parent: Node, tag: str, text: Callable[[str], str]) -> None:
    """One element for each language that has a text."""
    for language in LANGUAGES:
        if text(language):
            _add(parent, tag, text=text(language)).set(_LANGUAGE, language)


def _citation(facts: ReleaseFacts) -> Node:
    node = Node("citation")
    title = _add(node, "titlStmt")
    _add(title, "titl", text=facts.title).set(_LANGUAGE, DEFAULT)
    for language in LANGUAGES:
        if language != DEFAULT:
            _add(title, "parTitl", text=facts.info.title(language)).set(_LANGUAGE, language)
    _add(title, "IDNo", text=facts.urn, agency="URN")
    _add(_add(node, "rspStmt"), "AuthEnty", text=facts.info.publisher)
    production = _add(node, "prodStmt")
    _add(production, "producer", text=facts.info.publisher)
    _add(production, "prodDate", text=facts.day, date=facts.day)
    distribution = _add(node, "distStmt")
    _add(distribution, "distrbtr", text=facts.info.publisher)
    if facts.info.contact:
        _add(distribution, "contact", text=facts.info.contact)
    _add(distribution, "distDate", text=facts.day, date=facts.day)
    _add(_add(node, "verStmt"), "version", text=facts.version, date=facts.day)
    _in_all(node, "biblCit", facts.citation)
    if facts.address != facts.urn:
        _add(node, "holdings", text=facts.address, URI=facts.address)
    return node


def _study(study: Node, facts: ReleaseFacts) -> None:
    about = _add(study, "stdyInfo")
    subject = _add(about, "subject")
    for word in facts.keywords:
        _add(subject, "keyword", text=word)
    _in_all(about, "abstract", facts.abstract)
    summary = _add(about, "sumDscr")
    if facts.years is not None:
        for event, year in zip(("start", "end"), facts.years, strict=True):
            _add(summary, "timePrd", text=year, event=event, date=year)
    _add(summary, "anlyUnit", text=str(facts.privacy["unit"]))
    _add(summary, "dataKind", text="Synthetic records and protected counts")
    _methods(_add(study, "method"), facts)
    use = _add(_add(study, "dataAccs"), "useStmt")
    terms = facts.info.terms
    _in_all(use, "citReq", facts.citation)
    _in_all(use, "conditions", lambda code: terms or METADATA_TEXTS.text(code, "metadata.terms.none"))


def _methods(method: Node, facts: ReleaseFacts) -> None:
    collection = _add(method, "dataColl")
    if facts.info.sources:
        _add(_add(collection, "sources"), "dataSrc", text="; ".join(facts.info.sources))
    _in_all(collection, "cleanOps", facts.protection)
    for name, value in facts.privacy_facts.items():
        _add(method, "notes", text=str(value), type="privacy", subject=name)
    for sentence in facts.distortions(DEFAULT):
        _add(method, "notes", text=sentence, type="known distortion")
    if facts.info.simulated:
        _in_all(method, "notes", lambda code: RELEASE_TEXTS.text(code, "privacy.simulated"))


def _file(facts: ReleaseFacts, table: Table, identifier: str) -> Node:
    csv = next(file for file in facts.files_of(table) if file.path.endswith(".csv"))
    node = Node("fileDscr", {"ID": identifier, "URI": UP + csv.path})
    text = _add(node, "fileTxt")
    _add(text, "fileName", text=csv.path)
    dimensions = _add(text, "dimensns")
    _add(dimensions, "caseQnty", text=str(table.rows))
    _add(dimensions, "varQnty", text=str(len(table.columns) + table.keyed))
    _add(text, "fileType", text="text/csv", charset="UTF-8")
    _add(node, "notes", text=csv.sha256, type="checksum", subject="SHA-256")
    return node


def _variables(parent: Node, facts: ReleaseFacts) -> None:
    """Groups of flags come before the variables, which the schema wants."""
    linked = facts.vocabulary.linked
    for number, groups in enumerate((facts.vocabulary.groups, () if linked is None else linked.groups), 1):
        for group in groups:
            members = " ".join(f"F{number}.{name}" for name in group.variables)
            node = _add(parent, "varGrp", ID=f"F{number}.group.{group.id}", type="multipleResp", var=members)
            _labelled(node, group.labels)
    for number, table in enumerate(facts.tables, 1):
        for words in table.variables or ():
            _variable(parent, words, f"F{number}")


def _variable(parent: Node, words: VariableWords, file: str) -> None:
    node = _add(parent, "var", ID=f"{file}.{words.name}", name=words.name, files=file, intrvl="discrete")
    _labelled(node, words.labels)
    _in_all(node, "txt", words.definitions.__getitem__)
    for code in words.codes:
        category = _add(node, "catgry")
        _add(category, "catValu", text=code.code)
        _labelled(category, code.labels)
    _add(node, "varFormat", type="character")
    if words.source:
        _add(node, "notes", text=words.source, type="source")


def _labelled(node: Node, labels: Labels) -> None:
    _in_all(node, "labl", labels.__getitem__)
