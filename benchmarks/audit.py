"""``python -m benchmarks.audit``: the results of the audit that the documentation shows, and the page from them.

Promise: ``measure`` plays and stores, ``page`` plays nothing: the same stored results give the same table and plot,
which a test compares with what is in the documentation. A stored result names the program that it was played against.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.audit_peer import judged, peer_table, play
from benchmarks.machine import machine
from benchmarks.paths import REPOSITORY, RESULTS
from benchmarks.plot import Axis, Series, lines
from benchmarks.tables import machine_line, markdown
from ctdc.foundation.files import as_json, write_text
from ctdc.foundation.progress import Silent
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.attacks.audit import AuditSettings, audit, code_version, cores
from ctdc.privacy.attacks.measured import ALL
from ctdc.privacy.attacks.people import INVENTED, INVENTED_LINKED
from ctdc.privacy.domain import Domain

FOLDER = RESULTS / "audit"
PEER = FOLDER / "opendp-mst.json"
PAGE = REPOSITORY / "docs" / "explanation" / "audit.md"
PICTURE = REPOSITORY / "docs" / "images" / "audit.svg"
DELTA = 1e-6
BOTH: Mapping[str, Domain] = {"one": INVENTED, "linked": INVENTED_LINKED}
# Name -> (tables, epsilon, runs of the measurements, whole protections, people: 0 means all).
PLAYED: Mapping[str, tuple[Sequence[str], float, int, int, int]] = {
    "epsilon-1": (("one", "linked"), 1.0, 20_000, 0, 0),
    "epsilon-2": (("one", "linked"), 2.0, 6000, 0, 0),
    "epsilon-4": (("one", "linked"), 4.0, 6000, 0, 0),
    "epsilon-12": (("one", "linked"), 12.0, 6000, 0, 0),
    "whole": (("one",), 12.0, 0, 400, 2),
}
TABLES = {"one": "one table", "linked": "linked tables"}
START, END = "<!-- {} -->", "<!-- end -->"
Document = dict[str, Any]


def stored(folder: Path = FOLDER) -> dict[str, Document]:
    """The stored results by name, in the order in which they are shown."""
    return {
        name: json.loads(path.read_text(encoding="utf-8"))
        for name in PLAYED
        if (path := folder / f"{name}.json").exists()
    }


def _best(document: Document, table: str) -> list[Document]:
    """The attacks with all numbers on the people of one table."""
    return [one for one in document["attacks"] if one["table"] == table and one["attack"] == ALL]


def _range(values: Sequence[float], digits: int) -> str:
    low, high = (f"{value:.{digits}f}" for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _row(document: Document, table: str) -> list[str]:
    claim, best = document["claims"][table], _best(document, table)
    moved = [one["mu"] for one in document["replayed"] if one["table"] == table]
    others = [one for one in document["attacks"] if one["table"] == table]
    verdict = next(game["verdict"] for game in document["games"] if game["table"] == table)
    return [
        f"{document['epsilon']:g}",
        TABLES[table],
        f"{len(best)} x {best[0]['runs']:,}",
        f"{claim['mu']:.3f}",
        _range(moved, 3),
        _range([one["mu"] for one in best], 3),
        _range([one["epsilon"] for one in best], 2),
        _range([one["epsilon_direct"] for one in best], 2),
        f"{sum(one['rejected'] for one in others)} of {len(others)}",
        verdict,
    ]


def measured_table(documents: Mapping[str, Document]) -> str:
    """What the ideal attacker showed on the measurements, a line for each claim and kind of table."""
    header = ["claimed epsilon", "tables", "people x runs a world", "claimed mu", "moved by mu", "mu at least"]
    header += ["epsilon at least, by the curve", "directly", "rejected attacks", "verdict"]
    games = [one for name, one in documents.items() if name != "whole"]
    return markdown(header, [_row(one, table) for one in games for table in one["claims"]])


def whole_table(document: Document) -> str:
    """What each attack on whole protections showed, the person for whom it came furthest."""
    header = ["attack looks at", "runs a world", "mu at least", "epsilon at least, by the curve", "directly"]
    rows = []
    for attack in dict.fromkeys(one["attack"] for one in document["attacks"]):
        best = max((one for one in document["attacks"] if one["attack"] == attack), key=lambda one: float(one["mu"]))
        figures = [f"{best['mu']:.3f}", f"{best['epsilon']:.2f}", f"{best['epsilon_direct']:.2f}"]
        rows.append([attack, f"{best['runs']:,}", *figures])
    claim = document["claims"]["one"]
    people = len({one["person"] for one in document["attacks"]})
    rejected = sum(one["rejected"] for one in document["attacks"])
    head = (
        f"Epsilon {document['epsilon']:g}, claimed mu {claim['mu']:.3f}, {people} people; of each attack the person "
        f"for whom it came furthest. Rejected: {rejected} of {len(document['attacks'])}. "
        f"Verdict: {document['verdict']}."
    )
    return head + "\n\n" + markdown(header, rows)


def picture(documents: Mapping[str, Document]) -> str:
    """Lower bounds on epsilon against the claim, for one table."""
    games = [one for name, one in documents.items() if name != "whole"]
    claims = [float(one["epsilon"]) for one in games]

    def furthest(key: str) -> tuple[tuple[float, float], ...]:
        return tuple((float(one["epsilon"]), max(each[key] for each in _best(one, "one"))) for one in games)

    series = [
        Series("claimed", tuple((value, value) for value in claims), 5),
        Series("shown, by the curve", furthest("epsilon"), 0),
        Series("shown, directly", furthest("epsilon_direct"), 1),
    ]
    described = "; ".join(f"claim {x:g}: {y:.2f}" for x, y in series[1].points)
    return lines(
        "What an attacker could show, beside what is claimed",
        f"Lower bounds on epsilon at delta {DELTA:g} from attacks on the measurements of one table, through the "
        f"Gaussian curve ({described}) and directly, which is far lower, against the claimed epsilon.",
        series,
        Axis("claimed epsilon", logarithmic=True, ticks=(1, 2, 4, 12)),
        Axis("epsilon", logarithmic=True),
    )


def with_figures(text: str, parts: Mapping[str, str]) -> str:
    """The page with what stands between its marks replaced. Raises ValueError for a mark that is missing."""
    for name, part in parts.items():
        start = START.format(name)
        before, found, rest = text.partition(start)
        _, ended, after = rest.partition(END)
        if not found or not ended:
            raise ValueError(f"the page has no marks for {name}")
        text = f"{before}{start}\n\n{part}\n\n{END}{after}"
    return text


def page_text(documents: Mapping[str, Document]) -> str:
    """The page with its tables anew."""
    first = next(iter(documents.values()))
    sources = sorted({one["code"]["source"] for one in documents.values()})
    played = (
        f"Played against ctdc {first['code']['ctdc']}, OpenDP {first['code']['opendp']}, source {', '.join(sources)}."
    )
    parts = {
        "measurements": measured_table(documents),
        "whole": whole_table(documents["whole"]),
        "peer": peer_table(json.loads(PEER.read_text(encoding="utf-8"))),
        "machine": f"{played} {machine_line(first['machine'])}",
    }
    return with_figures(PAGE.read_text(encoding="utf-8"), parts)


@click.group()
def main() -> None:
    """The results of the audit that the documentation shows."""


@main.command()
@click.option(
    "--only", type=click.Choice(list(PLAYED)), multiple=True, help="Of the stored results; all when left out."
)
def measure(only: tuple[str, ...]) -> None:
    """Play and store: some ten minutes of two cores, and a few for whole protections."""
    for name in only or PLAYED:
        tables, epsilon, runs, whole, people = PLAYED[name]
        settings = AuditSettings(Guarantee(epsilon, DELTA), 3, runs, whole, people=people)
        store = FOLDER / f".{name}.parts"
        report = audit(
            {table: BOTH[table] for table in tables},
            settings,
            store,
            stopwatch=time.perf_counter,
            progress=Silent(),
            workers=cores(),
        )
        write_text(FOLDER / f"{name}.json", as_json({**report.as_dict(), "machine": machine()}))
        shutil.rmtree(store, ignore_errors=True)
        click.echo(f"{name}: {report.verdict} (source {code_version()['source']})")


@main.command()
@click.option("--runs", default=200, show_default=True, help="Of each world; some six seconds each.")
def peer(runs: int) -> None:
    """Play the same game with OpenDP's own MST, and store. What was stopped goes on where it was."""
    store = FOLDER / ".opendp-mst.jsonl"
    write_text(PEER, as_json({**judged(play(runs, store)), "machine": machine()}))
    store.unlink()


@main.command()
def page() -> None:
    """Write the tables and the plot of the page anew, from what is stored."""
    write_text(PAGE, page_text(stored()))
    write_text(PICTURE, picture(stored()))


if __name__ == "__main__":
    main()
