"""``ctdc run``: the whole way to a verified release, from a plan, for one file, or on invented cases."""

from __future__ import annotations

import getpass
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ctdc.cli.common import emit, json_option, progress_bars
from ctdc.cli.vault import key_option, sources_of
from ctdc.foundation.progress import Progress
from ctdc.simulate.world import CONTRIBUTORS
from ctdc.workflow.config import DEFAULT_PROFILE, DEMO_CASES, DEMO_SEED, Plan, plan_from, read_plan
from ctdc.workflow.run import RunResult, run
from ctdc.workflow.sealed import Opening

DEMO_NAME = "demonstration"
DEMO_TERMS = "CC BY 4.0"  # in no language: it stands on pages in five
DEMO_EPSILON = 4.0
DEMO_DELTA = 1e-6
# What a plan file says too; each is None when it was not given.
PLAN_OPTIONS = (
    *("mapping", "profile", "epsilon", "delta", "length", "population", "ledger", "seed", "name", "out"),
    "signing_key",
)


class Terminal:
    """Tells a person on standard error how the run goes."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    @contextmanager
    def step(self, title: str) -> Iterator[Progress]:
        """Name the step, and show its progress."""
        click.echo(click.style(title, bold=True), err=True)
        with progress_bars(quiet=self.as_json) as progress:
            yield progress

    def done(self, title: str, seconds: float, *, reused: bool) -> None:
        """Say how long the step took."""
        click.echo("  found finished" if reused else f"  done in {seconds:.1f} s", err=True)

    def notice(self, text: str) -> None:
        """Say what the person has to know."""
        click.echo(click.style("Notice: ", fg="yellow", bold=True) + text, err=True)


def _given(**options: Any) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value is not None}


def plan_of_options(options: dict[str, Any]) -> Plan:
    """The plan that a command line without a plan file describes."""
    target: Path | None = options["target"]
    demo: bool = options["demo"]
    default = "demo" if demo else f"{target.name.split('.')[0]}-release" if target else ""
    document: dict[str, Any] = {
        "out": str(options["out"] or default),
        "privacy": _given(
            epsilon=options["epsilon"],
            delta=options["delta"],
            length=options["length"],
            population=options["population"],
            ledger=None if options["ledger"] is None else str(options["ledger"]),
            seed=options["seed"],
        ),
        "release": {"name": options["name"] or DEMO_NAME, "profile": options["profile"] or DEFAULT_PROFILE},
    }
    if options["signing_key"] is not None:
        document["signing_key"] = str(options["signing_key"])
    if demo:
        document["simulation"] = {"cases": options["cases"], "seed": options["simulation_seed"]}
        document["release"] |= {"simulated": True, "sources": [one.name for one in CONTRIBUTORS], "terms": DEMO_TERMS}
        document["privacy"] = {"epsilon": DEMO_EPSILON, "delta": DEMO_DELTA} | document["privacy"]
    else:
        document["delivery"] = [{"source": str(target), "mapping": options["mapping"]}]
        document["release"]["name"] = options["name"] or "release"
    return plan_from(document, Path.cwd(), "command line")


def _choose(options: dict[str, Any]) -> Plan:
    """The plan that was asked for, in one of the three ways. Raises UsageError when it is none, or two, of them."""
    target: Path | None = options["target"]
    if options["demo"] == (target is not None):
        raise click.UsageError("Give one of: a plan (PLAN.toml), a file with --mapping and --epsilon, or --demo.")
    if target is not None and target.suffix == ".toml":
        mixed = [f"--{name.replace('_', '-')}" for name in PLAN_OPTIONS if options[name] is not None]
        if mixed:
            raise click.UsageError(f"A plan says everything; {', '.join(mixed)} cannot be given beside it.")
        return read_plan(target)
    if target is not None and (options["mapping"] is None or options["epsilon"] is None):
        raise click.UsageError("A file needs --mapping (a folder or a shipped mapping's id) and --epsilon.")
    return plan_of_options(options)


def _summary(result: RunResult) -> str:
    return "\n".join(
        (
            "",
            f"The release is verified: {result.release}",
            f"It took {result.seconds:.0f} s. What its protection cost is in {result.ledger}.",
            f"Look at it:  ctdc serve {shlex.quote(str(result.latest))}",
        )
    )


@click.command()
@click.argument("target", required=False, type=click.Path(path_type=Path))
@click.option("--demo", is_flag=True, help="Invent five contributors' files and run on those.")
@click.option(
    "--cases", type=click.IntRange(1), default=DEMO_CASES, show_default=True, help="With --demo: people to invent."
)
@click.option(
    "--simulation-seed", type=click.IntRange(0), default=DEMO_SEED, help="With --demo: seed of the invention."
)
@click.option("--mapping", help="With a file: the mapping that reads it, a folder or a shipped mapping's id.")
@click.option("--profile", help=f"Shape of the release, an id of 'ctdc standard'. Default: {DEFAULT_PROFILE}.")
@click.option(
    "--epsilon", type=float, help="Strength of the protection; smaller is safer. Needed with a file; 4 with --demo."
)
@click.option("--delta", type=float, help="Probability mass outside the guarantee. Default: 1e-6.")
@click.option("--length", type=click.IntRange(1, 4), help="Longest combinations that are measured. Default: 3.")
@click.option("--population", help="Whose losses the ledger adds up. Default: the release's name.")
@click.option("--ledger", type=click.Path(path_type=Path, dir_okay=False), help="Default: ledger.jsonl below --out.")
@click.option("--seed", type=click.IntRange(0), help="Seed of the synthesis after the noise; the noise has none.")
@click.option(
    "--signing-key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Sign the release's certificate with this key ('ctdc certificate key'); in a plan: signing_key.",
)
@click.option("--name", help="Name of the release: lower-case words joined by hyphens.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for all results. Default: demo, or FILE-release.",
)
@key_option
@click.option(
    "--actor", default=getpass.getuser, show_default="your user name", help="Who opens the vault. Stands in its log."
)
@json_option
def command(as_json: bool, keys: tuple[str, ...], actor: str, **options: Any) -> None:
    """Run the whole way: harmonise deliveries, protect the people in them, build and verify a release.

    TARGET is a plan (PLAN.toml, see docs/how-to/run.md), or one contributor's file or folder, with --mapping and
    --epsilon. With --demo, contributors' files are invented.

    A run that was stopped or killed continues where it was; a run that is repeated changes nothing. A finished
    protection is never paid for twice. Deliveries that lie in a vault are opened with --key.
    """
    plan = _choose(options)
    opening = Opening(tuple(sources_of(keys)), actor) if plan.vault else None
    result = run(plan, Terminal(as_json), opening)
    emit(result.as_dict(), as_json, _summary(result))
