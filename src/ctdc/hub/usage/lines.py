"""Counting behind nginx: what nginx is told to write, and adding its lines to the totals.

Promise: nginx decides the kind of page itself, so that a line holds a day, a kind, a language and a status, and no
address is ever written: not of a reader, and not of a page. A line that is anything else is forgotten.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ctdc.hub.usage.kinds import API, EMBED, FILES, MANY, OTHER, SINGLE, status_class
from ctdc.hub.usage.store import Counted, add, checked
from ctdc.standard.languages import LANGUAGES

_PAGE = rf"^/(?:{'|'.join(LANGUAGES)})"
_END = r"/?(?:\?|$)"
_HEAD = """\
# Written by 'ctdc usage nginx', for the http context. A line of the log is a day, a kind of page, a language and a
# status: no address of a reader or of a page, and no time finer than a day.
map $time_iso8601 $ctdc_day { "~^(?<ctdc_ymd>[0-9]{4}-[0-9]{2}-[0-9]{2})" $ctdc_ymd; }
"""
_FOOT = """\
map "$request_method $ctdc_kind" $ctdc_counted { "~^GET [a-z]" 1; default 0; }
log_format ctdc_usage "$ctdc_day $ctdc_kind $ctdc_language $status";
"""


def kinds_in_order() -> list[tuple[str, str]]:
    """Regular expressions of requests, with the kind of page each is; the first that fits counts, "" is not counted.

    They say of a request what `kinds.kind_of` says of its path.
    """
    rules = [(r"^/(?:assets/|favicon\.ico|robots\.txt|sitemap\.xml)", "")]
    rules += [(rf"{_PAGE}/explorer/words\.json", ""), (r"^/api/", API), (r"^/releases?/", FILES)]
    rules += [(rf"{_PAGE}/{name}{_END}" if name else rf"{_PAGE}{_END}", kind) for name, kind in SINGLE.items()]
    rules += [
        (rf"{_PAGE}/[^?]+/[^/?]*\.[^/?]*(?:\?|$)", FILES),
        (rf"{_PAGE}/(?:explorer/)?charts/[^/?]+/embed{_END}", EMBED),
    ]
    rules += [(rf"{_PAGE}/{name}{_END}", whole) for name, (whole, _) in MANY.items()]
    rules += [(rf"{_PAGE}/explorer/charts/[^?]", MANY["charts"][1])]
    return rules + [(rf"{_PAGE}/{name}/[^?]", one) for name, (_, one) in MANY.items()]


def nginx_maps() -> str:
    """The part of nginx's configuration that decides what a line says."""
    # What was asked: within the server an address becomes that of a file.
    kinds = "".join(f'    "~{rule}" "{kind}";\n' for rule, kind in kinds_in_order())
    languages = f'    "~^/(?<ctdc_code>{"|".join(LANGUAGES)})(?:[/?]|$)" $ctdc_code;\n'
    return (
        f"{_HEAD}map $request_uri $ctdc_language {{\n{languages}    default -;\n}}\n"
        f"map $request_uri $ctdc_kind {{\n{kinds}    default {OTHER};\n}}\n{_FOOT}"
    )


@dataclass(frozen=True)
class Added:
    """How many lines were counted, and how many were something else."""

    counted: int
    other: int


def add_lines(log: Path, folder: Path) -> Added:
    """Add the lines of nginx's log to the totals in `folder`, and empty it. Raises UserError (``usage.file``), OSError.

    nginx appends, so that it goes on at the start. What is written between reading and emptying, about as long as it
    takes to write the totals, is lost; when the totals cannot be written, the log stays as it is. Adding and emptying
    are two steps: what is killed, or loses power, between them leaves a log whose lines were added, and which the next
    call adds again. It cannot be moved aside first, for nginx goes on writing to the file that it has open.
    """
    totals: Counter[Counted] = Counter()
    other = 0
    with log.open("r+", encoding="utf-8", errors="replace") as stream:
        for line in stream:
            found = _counted(line)
            if found is None:
                other += 1
            else:
                totals[found] += 1
        if totals:
            add(folder, totals)
        stream.truncate(0)
    return Added(sum(totals.values()), other)


def _counted(line: str) -> Counted | None:
    try:
        day, kind, language, status = line.split()
        return checked(Counted(day, kind, language.replace("-", ""), status_class(int(status))))
    except ValueError:
        return None
