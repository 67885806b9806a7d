"""``python -m benchmarks.page``: the page on benchmarks and its plots, from the JSON files of the results.

Promise: nothing is measured here and no figure is typed in; the same JSON files give the same bytes, which a test
compares with what is in the documentation. The hand-written parts are in ``page.md``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

import click

from benchmarks import report, tables
from benchmarks.bars import bars_table, read_bars
from benchmarks.growth import ROWS_THAT_COUNT, cpu_per_row, growing
from benchmarks.linked import section as linked
from benchmarks.paths import GROWTH, PAGE, PICTURES, RESULTS
from benchmarks.pictures import growth_pictures, table_pictures
from benchmarks.tables import Cell, Entry
from ctdc.foundation.files import write_text

TEMPLATE = Path(__file__).resolve().parent / "page.md"
SHORT = {
    "real-2021-as-2024": "Published file of 2021, 193,025 x 27",
    "real-2021-as-2024-20000": "20,000 rows of the published file",
    "adult": "Adult (census income), 48,842 x 13",
}
LONGEST_TITLE = 40
PICTURE_LINK = "../images/benchmarks"


def short_title(name: str, document: Mapping[str, Any]) -> str:
    """A title that fits on a plot."""
    return SHORT.get(name) or str(document["data"])[:LONGEST_TITLE]


def growth_of(folder: Path) -> dict[str, Any]:
    """The stored growth; empty when nothing was measured."""
    path = folder / GROWTH
    if not path.exists():
        return {"growth": []}
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _by_epsilon(entries: Sequence[Entry]) -> dict[float, list[Entry]]:
    return {
        epsilon: [each for each in entries if each["epsilon"] == epsilon]
        for epsilon in {entry["epsilon"] for entry in entries}
    }


def _table(entries: Sequence[Entry], letters: Mapping[str, str]) -> str:
    header = ["epsilon", "method", "CPU-s", "against ctdc", "peak MB", "TVD 1 / 2 / 3 / 4-way", "MAE 2 / 3-way"]
    header += ["fabricated mass 3-way", "run"]
    engines = {epsilon: tables.against_engine(same) for epsilon, same in _by_epsilon(entries).items()}
    cells: list[Cell] = [
        lambda entry: f"{entry['epsilon']:g}",
        lambda entry: entry["title"] + (f", {entry['reason']}" if entry.get("reason") else ""),
        tables.cost("cpu_seconds"),
        lambda entry: engines[entry["epsilon"]](entry),
        tables.megabytes,
        tables.over_orders("records", "tvd", (1, 2, 3, 4), tables.distance),
        tables.over_orders("records", "mae", (2, 3), tables.number),
        tables.over_orders("records", "fabricated_mass", (3,), tables.share),
        lambda entry: letters[entry["run"]],
    ]
    return tables.markdown(header, [[cell(entry) for cell in cells] for entry in entries])


def _section(name: str, document: Mapping[str, Any]) -> str:
    entries = document["results"]
    title = short_title(name, document)
    pictures = [f"![{_alt(file)}]({PICTURE_LINK}/{file})" for file, _ in table_pictures(name, title, entries)]
    machine = "Measured on " + tables.machine_line(document["machine"])
    table = _table(entries, tables.letters_of(entries))
    return "\n".join([f"### {title}\n", machine + "\n", table, *(picture + "\n" for picture in pictures)])


def _alt(file: str) -> str:
    return "Plot: " + file.removesuffix(".svg").replace("-", " ")


def _growth_row(entry: Entry) -> list[str]:
    spent = entry["cost"]
    per_row = f"{cpu_per_row(entry) * 1e6:,.0f}" if entry["status"] == "done" else ""
    status = "" if entry["status"] == "done" else f"{entry['status']} {entry.get('reason', '')}".strip()
    figures = [f"{spent['cpu_seconds']:,.1f}", f"{spent['wall_seconds']:,.1f}", tables.megabytes(entry), per_row]
    return [f"{entry['rows']:,}", str(entry["variables"]), entry["workload"], *figures, status]


def _no_growth(entries: Sequence[Entry]) -> str:
    """What may be said when no step costs more: nothing of sizes that were not measured."""
    sizes = sorted(entry["rows"] for entry in entries if entry["kind"] == "rows" and entry["status"] == "done")
    compared = [size for size in sizes if size >= ROWS_THAT_COUNT]
    if len(compared) < 2:
        return f"Sizes from {ROWS_THAT_COUNT:,} rows on have not been compared."
    return f"From {compared[0]:,} to {compared[-1]:,} rows the cost of a row does not grow."


def _growth(document: Mapping[str, Any]) -> str:
    entries = document["growth"]
    if not entries:
        return "Not measured yet.\n"
    settings = document["settings"]
    header = ["rows", "variables", "measured tables", "CPU-s", "s", "peak MB", "CPU-microseconds a row", "remark"]
    problems = " ".join(growing(entries)) or _no_growth(entries)
    first = (
        f"Whole runs at epsilon {settings['epsilon']:g}, delta {settings['delta']:g} on {settings['data']}. {problems}"
    )
    machine = "Measured on " + tables.machine_line(document["machine"])
    pictures = [f"![{_alt(file)}]({PICTURE_LINK}/{file})\n" for file, _ in growth_pictures(entries)]
    return "\n".join(
        [first + "\n", machine + "\n", tables.markdown(header, list(map(_growth_row, entries))), *pictures]
    )


def page_text(folder: Path = RESULTS) -> str:
    """The page as Markdown."""
    documents = report.documents(folder)
    held_to = documents.get(read_bars()[0], {"results": []})["results"]
    parts = {
        "bars": bars_table(documents),
        "across": report.across(held_to),
        "floor": report.floor_line(held_to),
        "tables": "\n".join(_section(name, document) for name, document in documents.items()),
        "linked": linked.section(folder),
        "growth": _growth(growth_of(folder)),
    }
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(parts)


def pictures(folder: Path = RESULTS) -> Iterator[tuple[str, str]]:
    """File names and plots of everything in the folder."""
    for name, document in report.documents(folder).items():
        yield from table_pictures(name, short_title(name, document), document["results"])
    yield from growth_pictures(growth_of(folder)["growth"])


def write_page(folder: Path, page: Path, plots: Path) -> None:
    """Write the page, its plots and the page of all results, and remove plots that are no longer drawn."""
    plots.mkdir(parents=True, exist_ok=True)
    drawn = dict(pictures(folder))
    for old in plots.glob("*.svg"):
        if old.name not in drawn:
            old.unlink()
    for name, picture in drawn.items():
        write_text(plots / name, picture)
    write_text(page, page_text(folder))
    write_text(folder / "README.md", report.page(folder))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--results", type=click.Path(exists=True, path_type=Path), default=RESULTS, help="Folder of the results.")
@click.option("--page", type=click.Path(path_type=Path), default=PAGE, help="The page to write.")
@click.option("--plots", type=click.Path(path_type=Path), default=PICTURES, help="Folder of its plots.")
def main(results: Path, page: Path, plots: Path) -> None:
    """Write the page on benchmarks and its plots anew from stored results."""
    write_page(results, page, plots)
    click.echo(f"{page}", err=True)


if __name__ == "__main__":
    main()
