"""How a release is cited, for reference managers: CITATION.cff 1.2.0, BibTeX and RIS.

Promise: the three say what the sentence of `ctdc.release.citation` says.
Sources: https://github.com/citation-file-format/citation-file-format (1.2.0), https://en.wikipedia.org/wiki/RIS_(file_format)
"""

from __future__ import annotations

from typing import Any

import yaml

from ctdc.release.metadata.facts import ReleaseFacts
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.standard.languages import DEFAULT

CFF, BIBTEX, RIS = "CITATION.cff", "citation.bib", "citation.ris"
_BIBTEX_ESCAPES = {
    "\\": r"\textbackslash{}",
    **{sign: "\\" + sign for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def cff(facts: ReleaseFacts) -> str:
    """The content of ``CITATION.cff``."""
    document: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "If you use these data, please cite them as below.",
        "type": "dataset",
        "title": facts.title,
        "authors": [{"name": facts.info.publisher}],
        "version": facts.version,
        "date-released": facts.day,
        "abstract": f"{facts.abstract(DEFAULT)} Privacy: {facts.privacy_line}.",
        "keywords": facts.keywords,
        "identifiers": [
            {"type": "other", "value": facts.urn, "description": "Name that follows from the content of the data"}
        ],
    }
    if facts.address != facts.urn:
        document["url"] = facts.address
    if facts.terms_address:
        document["license-url"] = facts.terms_address
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def bibtex(facts: ReleaseFacts) -> str:
    """The content of ``citation.bib``: an entry that BibTeX and BibLaTeX both know."""
    fields = {
        "author": "{" + _escaped(facts.info.publisher) + "}",
        "title": "{" + _escaped(facts.title) + "}",
        "year": str(facts.created.year),
        "month": str(facts.created.month),
        "version": _escaped(facts.version),
        "publisher": _escaped(facts.info.publisher),
        "howpublished": f'Data set, release "{_escaped(facts.info.name)}"',
        "url": "" if facts.address == facts.urn else facts.address,
        "note": _escaped(_note(facts)),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return f"@misc{{{facts.info.name}-{facts.created:%Y},\n" + "\n".join(lines) + "\n}\n"


def ris(facts: ReleaseFacts) -> str:
    """The content of ``citation.ris``, whose lines end as the format wants."""
    pairs = [
        ("TY", "DATA"),
        ("AU", facts.info.publisher + ("," if "," not in facts.info.publisher else "")),
        ("TI", facts.title),
        ("PY", str(facts.created.year)),
        ("DA", f"{facts.created:%Y/%m/%d}"),
        ("ET", facts.version),
        ("PB", facts.info.publisher),
        ("UR", "" if facts.address == facts.urn else facts.address),
        ("N1", _note(facts)),
        *(("KW", word) for word in facts.keywords),
        ("ER", ""),
    ]
    lines = [f"{tag}  - {' '.join(value.split())}" for tag, value in pairs if value or tag == "ER"]
    return "\r\n".join(lines) + "\r\n"


def _note(facts: ReleaseFacts) -> str:
    """The name that follows from the content, and that data are simulated where they are: never one for the other."""
    simulated = [RELEASE_TEXTS.text(DEFAULT, "citation.simulated")] if facts.info.simulated else []
    return " ".join([*simulated, facts.urn])


def _escaped(text: str) -> str:
    return "".join(_BIBTEX_ESCAPES.get(sign, sign) for sign in text)
