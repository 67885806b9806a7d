"""``ctdc simulate``: invent case files of five contributors."""

from __future__ import annotations

from pathlib import Path

import click

from ctdc.cli.common import emit, json_option, progress_bars
from ctdc.foundation.collaborative import current
from ctdc.simulate.declared import Invented, invent, read_recipe
from ctdc.simulate.write import Simulation, write_deliveries


def _as_dict(simulation: Simulation) -> dict[str, object]:
    return {
        "folder": str(simulation.folder),
        "cases": simulation.cases,
        "shared": simulation.shared,
        "dirt": simulation.dirt,
        "truth": str(simulation.truth),
        "dirt_record": str(simulation.dirt_record),
        "deliveries": [
            {"contributor": d.contributor, "source": str(d.source), "mapping": d.mapping, "cases": d.cases}
            for d in simulation.deliveries
        ],
    }


def _as_text(simulation: Simulation) -> str:
    lines = [f"Invented {simulation.cases:,} cases in {simulation.folder}. They describe no real person.", ""]
    for delivery in simulation.deliveries:
        name = delivery.source.relative_to(simulation.folder)
        lines.append(f"  {delivery.contributor:<14} {delivery.cases:>9,} cases  {name}")
    withheld = simulation.cases - simulation.shared
    lines += [
        "",
        f"Truth: {simulation.truth.name}, {simulation.shared:,} cases ({withheld:,} lack consent to share).",
        f"Their perpetrators: {simulation.linked_truth.name}.",
        f"Dirt: {simulation.dirt:,} wrong cells, each listed in {simulation.dirt_record.name}.",
        "",
        f"Next: ctdc intake check {simulation.deliveries[0].source} --mapping {simulation.deliveries[0].mapping}",
    ]
    return "\n".join(lines)


def _invented_dict(made: Invented) -> dict[str, object]:
    deliveries = [
        {"contributor": one.contributor, "source": str(one.source), "mapping": one.mapping, "cases": one.cases}
        for one in made.deliveries
    ]
    return {"folder": str(made.folder), "cases": made.cases, "deliveries": deliveries}


def _invented_text(made: Invented) -> str:
    lines = [f"Invented {made.cases:,} people in {made.folder}. They describe no real person.", ""]
    lines += [f"  {one.contributor:<14} {one.cases:>9,} people  {one.source.name}" for one in made.deliveries]
    first = made.deliveries[0]
    return "\n".join([*lines, "", f"Next: ctdc intake check {first.source} --mapping {first.mapping}"])


@click.command()
@click.option("--cases", type=int, default=20_000, show_default=True, help="How many cases, over all contributors.")
@click.option("--seed", type=int, default=1, show_default=True, help="Equal seeds give equal files, byte for byte.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="A new folder to write to."
)
@click.option(
    "--dirt", type=float, default=0.0, show_default=True, help="Share (0 to 1) of the rows with one wrong cell."
)
@json_option
def command(cases: int, seed: int, out: Path, dirt: float, as_json: bool) -> None:
    """Invent case files of five contributors, each in its own format, with the truth behind them.

    A collaborative with a recipe (example/invent.toml) has its own contributors invented, in place of these.

    For development, demonstrations and tests. Nothing is copied from records of real people.
    """
    recipe = current().part("invention")
    if recipe is not None:
        made = invent(read_recipe(recipe), out, cases, seed)
        emit(_invented_dict(made), as_json, _invented_text(made))
        return
    with progress_bars(quiet=as_json) as progress:
        simulation = write_deliveries(out, cases, seed, dirt, progress)
    emit(_as_dict(simulation), as_json, _as_text(simulation))
