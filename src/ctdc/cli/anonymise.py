"""``ctdc anonymise``: a k-anonymous table, to compare with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ctdc.cli.common import delimiter_option, emit, json_option, names_given
from ctdc.privacy.kanonymity.anonymise import METHODS
from ctdc.workflow.anonymise import NOT_A_GUARANTEE, Demands, anonymise, read_hierarchies


class Demand(click.ParamType[tuple[str, float]]):
    """COLUMN:NUMBER."""

    name = "COLUMN:NUMBER"

    def __init__(self, number: type[int] | type[float]) -> None:
        self._number = number

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The column and the number."""
        column, _, number = str(value).rpartition(":")
        try:
            return column, self._number(number)
        except ValueError:
            self.fail(f"{value!r} is not a column, a colon and a number", param, ctx)


def _summary(report: dict[str, Any], out: Path) -> str:
    cells = report["cells"]
    lines = [
        f"{report['published']:,} of {report['records']:,} records in {report['classes']:,} classes of at least "
        f"{report['smallest_class']}; {report['removed']:,} removed. Loss: {report['loss']:.1%}.",
        *(
            f"  {name}: {found['coarser']:,} of {found['values']:,} values coarser, {found['suppressed']:,} suppressed"
            for name, found in cells.items()
        ),
        *(
            f"  {found['column']}: at least {found['diversity']} values in each class, at most "
            f"{found['closeness']:.3f} from the whole table's shares"
            for found in report["sensitive"]
        ),
        f"The table is in {out}.",
    ]
    return "\n".join(lines)


@click.command(epilog="Example: ctdc anonymise cases.csv --quasi year,gender,age --k 11 --out anonymous")
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "--quasi",
    required=True,
    callback=names_given,
    help="Columns by which people could be found again, with commas between.",
)
@click.option("--k", type=int, required=True, help="Fewest records that must look alike in them.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="New folder to write.")
@click.option(
    "--method",
    type=click.Choice(list(METHODS)),
    default="local",
    show_default=True,
    help="local: make as few cells as possible coarser; redact: remove whole records.",
)
@click.option("--hierarchies", type=click.Path(path_type=Path), help="TOML file of how values become coarser.")
@click.option("--l-diversity", type=Demand(int), multiple=True, help="Fewest values of a sensitive column in a class.")
@click.option("--t-closeness", type=Demand(float), multiple=True, help="Farthest a class may be from the whole table.")
@delimiter_option
@json_option
def command(
    table: Path,
    quasi: tuple[str, ...],
    k: int,
    out: Path,
    method: str,
    hierarchies: Path | None,
    l_diversity: tuple[tuple[str, int], ...],
    t_closeness: tuple[tuple[str, float], ...],
    delimiter: str,
    as_json: bool,
) -> None:
    """Make TABLE (csv or parquet) k-anonymous over some of its columns, to compare with what protects people.

    Suppressed cells are written as *, empty ones stay empty. Without --hierarchies a cell is kept or suppressed.
    """
    demands = Demands(dict(l_diversity), dict(t_closeness))
    report = anonymise(table, out, quasi, k, method, read_hierarchies(hierarchies), demands, delimiter)
    click.echo(click.style("Notice: ", fg="yellow", bold=True) + NOT_A_GUARANTEE, err=True)
    emit(report, as_json, _summary(report, out))
