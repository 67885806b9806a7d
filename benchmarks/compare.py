"""``python -m benchmarks.compare``: the comparison that the documentation and the data story show, and its tables.

Promise: ``measure`` compares on the published file of 2021 (which is public: nobody's secrets are compared) and stores
the report; ``page`` computes nothing: the same stored report gives the same tables, which a test compares with what is
in the documentation. pac-synth takes part where its environment can be made.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from benchmarks.audit import with_figures
from benchmarks.data import default_table
from benchmarks.machine import commit, machine
from benchmarks.methods import SCRIPTS
from benchmarks.paths import REPOSITORY, RESULTS
from benchmarks.peers import PeerUnavailableError, environment_python
from benchmarks.tables import machine_line, markdown
from ctdc.foundation.files import as_json, write_text
from ctdc.hub.site.stories.study import STUDIES
from ctdc.privacy.attacks.findings import AttackSettings
from ctdc.privacy.evaluation.comparison_page import error, kept, lost, shares, withheld, worst_of
from ctdc.workflow.anonymise import read_hierarchies
from ctdc.workflow.compare import OURS, Comparison, Tool, compare_file

RESULT = RESULTS / "comparison.json"
PAGE = REPOSITORY / "docs" / "explanation" / "why-synthetic.md"
STUDY = STUDIES / "comparison.json"
LEVELS = Path(__file__).parent / "comparison_levels.toml"
QUASI = ("yearOfRegistration", "gender", "ageBroad", "citizenship", "CountryOfExploitation")
EPSILONS = (1.0, 2.0, 4.0, 12.0)
DELTA, LENGTH, PEER_EPSILON = 5.8e-6, 3, 12.0
QUOTED = 4.0  # the epsilon that the data story quotes
TITLES = {
    "redacted": "k-anonymity, records removed",
    "local": "k-anonymity, cells suppressed",
    "coarser": "k-anonymity, values coarser",
}
Document = dict[str, Any]


def title(way: Mapping[str, Any]) -> str:
    """What a way is called in the tables."""
    return f"ours, epsilon {way['epsilon']:g}" if way["kind"] == OURS else TITLES.get(way["kind"], way["name"])


def _percent(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{100 * value:.{digits}f} %"


def worth_table(report: Document) -> str:
    """What is lost and distorted."""
    header = ["way", "records", "people kept", "cells withheld", "error, one", "two", "three", "small ones lost"]
    header += ["shares, mean and worst (points)", "first places kept"]
    rows = []
    for way in report["ways"]:
        line = [title(way), f"{way['records']:,}", _percent(kept(way, report["people"])), _percent(withheld(way))]
        line += [_percent(error(way, place)) for place in range(report["length"])]
        line.append(_percent(lost(way, report["length"] - 1)))
        found = shares(way)
        line.append(f"{found['mean']:.2f}, {found['most']:.1f}")
        line.append("{} of {}".format(*way["evaluation"]["rankings_kept"]))
        rows.append(line)
    return markdown(header, rows)


def attack_table(report: Document) -> str:
    """What the worst attack on each way gains."""
    header = [
        "way",
        "worst attack",
        "on whom",
        "succeeds more often on people in the data",
        "smallest leak it would see",
    ]
    by_name = {way["name"]: way for way in report["ways"]}
    rows = []
    for one in report["attacks"]["candidates"]:
        worst = worst_of(one)
        line = [title(by_name[one["name"]])]
        if worst:
            line += [worst["attack"], worst["targets"]]
            line.append(f"{_percent(worst['difference'])} ({_percent(worst['low'])} to {_percent(worst['high'])})")
        else:
            line += ["nothing found", "", ""]
        rows.append([*line, _percent(one["smallest"])])
    return markdown(header, rows)


def succession(report: Document) -> str:
    """What two files in succession give away."""
    grown = report["successive"]
    return (
        f"Of {grown['newcomers']:,} people who are only in the second of two files, subtracting one file from the "
        f"other leaves {grown['people']:,} in\ngroups of fewer than {report['k']}, {grown['alone']:,} of them alone."
    )


def page_text(document: Document) -> str:
    """The page with its tables anew."""
    report = document["report"]
    parts = {
        "worth": worth_table(report),
        "attacks": attack_table(report),
        "succession": succession(report),
        "machine": f"{document['cpu_seconds']:.0f} s of processor time. {machine_line(document['machine'])}",
    }
    return with_figures(PAGE.read_text(encoding="utf-8"), parts)


def study(document: Document) -> Document:
    """The figures that the data story quotes, in the form of `ctdc.hub.site.stories.study`."""
    report = document["report"]
    ways = {way["name"]: way for way in report["ways"]}
    candidates = {one["name"]: one for one in report["attacks"]["candidates"]}
    protected = f"epsilon {QUOTED:g}"
    exact = next(
        one for one in candidates["local"]["attacks"] if (one["attack"], one["targets"]) == ("exact", "isolated")
    )

    def sure(unit: str, value: float | None) -> Document:
        return {"unit": unit, "value": value, "low": value, "high": value}

    return {
        "source": f"{document['table']}; ctdc {document['machine']['versions']['ctdc']}, python -m benchmarks.compare",
        "figures": {
            "group": sure("plain", float(report["k"])),
            "redacted_kept": sure("share", kept(ways["redacted"], report["people"])),
            "suppressed_withheld": sure("share", withheld(ways["local"])),
            "suppressed_error": sure("share", error(ways["local"], 0)),
            "suppressed_attack": {
                "unit": "points",
                "value": exact["difference"],
                "low": exact["low"],
                "high": exact["high"],
            },
            "epsilon": sure("plain", QUOTED),
            "protected_error": sure("share", error(ways[protected], 0)),
            "protected_attack": sure("share", candidates[protected]["smallest"]),
        },
    }


def _peer() -> tuple[Tool, ...]:
    try:
        python = environment_python("pac-synth")
    except PeerUnavailableError as error_of_it:
        click.echo(f"without pac-synth: {error_of_it}")
        return ()
    command = f"{python} {SCRIPTS / 'pac_synth_file.py'} {{in}} {{out}} {PEER_EPSILON} {DELTA} {LENGTH}"
    return (Tool(f"pac-synth, epsilon {PEER_EPSILON:g}", command),)


@click.group()
def main() -> None:
    """The comparison that the documentation shows."""


@main.command()
def measure() -> None:
    """Compare on the published file of 2021 (CTDC_REAL_DATA), else on simulated cases, and store."""
    table = default_table(200_000, 1)
    settings = AttackSettings(attacks=5000)
    wish = Comparison(QUASI, 11, EPSILONS, DELTA, LENGTH, read_hierarchies(LEVELS), _peer(), attacks=settings)
    used = time.process_time()
    report = compare_file(table.csv, wish, facts=False)
    found = {"table": table.title, "machine": machine(), "commit": commit(), "report": report}
    write_text(RESULT, as_json({**found, "cpu_seconds": round(time.process_time() - used, 1)}))


@main.command()
def page() -> None:
    """Write the tables of the page, and the figures of the data story, anew from what is stored."""
    document = json.loads(RESULT.read_text(encoding="utf-8"))
    write_text(PAGE, page_text(document))
    write_text(STUDY, as_json(study(document)))


if __name__ == "__main__":
    main()
