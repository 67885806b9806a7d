"""What the commands share: the --json option, printing results, and progress bars."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ctdc.table.engine import DEFAULT_MASTER, SPARK, Engine

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
private_out_option = click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="Report to write, for your eyes only: JSON if the name ends so, else HTML; repeatable.",
)
workload_option = click.option(
    "--workload", type=click.Path(path_type=Path), help="File that says what is measured, in place of --length."
)


class Location(click.ParamType[Path | str]):
    """A path, or an address that an engine may know."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Path | str:
        """An address stays a text: a path would lose one of its slashes."""
        return value if isinstance(value, Path) or "://" in value else Path(value)


Command = TypeVar("Command", bound=Callable[..., Any])


def engine_options(command: Command) -> Command:
    """--engine, --master and --spark-conf; `engine_of` makes of them what the workflow takes."""
    options = [
        click.option(
            "--engine",
            "engine_name",
            type=click.Choice(["memory", "spark"]),
            default="memory",
            show_default=True,
            help="What reads and counts the rows: this machine in a stream, or Spark.",
        ),
        click.option(
            "--master", help="With --engine spark: local[N], spark://..., yarn, k8s://... [default: local[*,4]]"
        ),
        click.option("--spark-conf", multiple=True, metavar="NAME=VALUE", help="A setting of Spark; repeatable."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def engine_of(options: dict[str, Any]) -> Engine:
    """The engine that the options name, which are taken out of `options`."""
    name, master, settings = (options.pop(one) for one in ("engine_name", "master", "spark_conf"))
    if name != SPARK and (master or settings):
        raise click.UsageError("--master and --spark-conf go with --engine spark.")
    if any("=" not in one for one in settings):
        raise click.UsageError("--spark-conf takes NAME=VALUE.")
    return Engine(name, master or DEFAULT_MASTER, dict(one.split("=", maxsplit=1) for one in settings))


def comma_names(text: str | None) -> tuple[str, ...]:
    """Names with commas between; none where nothing was given."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def names_given(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    """`comma_names`, as an option's callback."""
    return comma_names(value)


def delimiter_given(_: click.Context, __: click.Parameter, value: str) -> str:
    r"""What stands between a csv file's cells, as an option's callback: a tab can be written as \t."""
    return value.replace("\\t", "\t")


delimiter_option = click.option(
    "--delimiter",
    default=",",
    show_default=True,
    callback=delimiter_given,
    help="Between a csv file's cells; \\t for a tab.",
)


def combinations(length: int, sets: Mapping[int, int]) -> str:
    """What is counted, in words. sets: number of variables to number of measured sets."""
    longer = [f"{count:,} named set{'s' * (count != 1)} of {size}" for size, count in sets.items() if size > length]
    return f"all combinations of up to {length} characteristics" + (
        f", and of longer ones only {' and '.join(longer)}" if longer else ""
    )


def check_one_length(workload: Path | None) -> None:
    """Raise UsageError for --length beside --workload: the file has a length, and one of the two would be ignored."""
    source = click.get_current_context().get_parameter_source("length")
    if workload is not None and source == ParameterSource.COMMANDLINE:
        raise click.UsageError("Give --length or --workload: a workload file has its own length.")


def emit(result: dict[str, Any], as_json: bool, text: str) -> None:
    """Print `result` as JSON when asked, `text` for a person otherwise."""
    click.echo(json.dumps(result, ensure_ascii=False, indent=2) if as_json else text)


class BarProgress:
    """Progress as bars on standard error; on a terminal only, so that logs and pipes stay clean."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def start(self, task: str, total: float | None = None) -> None:
        """Show a new bar."""
        self._task = self._bars.add_task(task, total=total)

    def advance(self, amount: float = 1.0) -> None:
        """Move the current bar."""
        if self._task is not None:
            self._bars.advance(self._task, amount)

    def finish(self) -> None:
        """Fill the current bar."""
        if self._task is not None:
            task = self._bars.tasks[self._bars.task_ids.index(self._task)]
            self._bars.update(self._task, total=task.total or 1, completed=task.total or 1)
            self._task = None


class LineProgress:
    """Progress where no terminal is: one line as each task begins, so that a log shows what was going on."""

    def start(self, task: str, total: float | None = None) -> None:
        """Print the task's name."""
        click.echo(f"  {task} ...", err=True)

    def advance(self, amount: float = 1.0) -> None:
        """Nothing between start and end."""

    def finish(self) -> None:
        """Nothing at the end."""


@contextmanager
def progress_bars(quiet: bool = False) -> Iterator[BarProgress | LineProgress]:
    """Bars on a terminal, lines elsewhere, for the body's duration. `quiet` hides bars (for --json on a pipe)."""
    if not sys.stderr.isatty() or quiet:
        yield LineProgress()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        yield BarProgress(bars)
