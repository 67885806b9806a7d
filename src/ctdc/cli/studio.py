"""``ctdc studio``: the private side of a hub."""

from __future__ import annotations

import re
from pathlib import Path

import click

from ctdc.cli.common import emit, json_option, progress_bars
from ctdc.foundation.errors import UserError

try:
    import django
except ImportError:  # the extra is not installed: say so when a command is used, not when it is listed
    django = None  # type: ignore[assignment]

CONTENT_HELP = "Folder with 'stories', 'about' or both, as for 'ctdc site build'; without it, what is shipped."
studio_argument = click.argument("folder", metavar="STUDIO", type=click.Path(path_type=Path, file_okay=False))


@click.group()
@click.pass_context
def command(context: click.Context) -> None:
    """Where contributors deliver, stewards review and editors write."""
    if django is None and context.invoked_subcommand != "deliver":  # who delivers needs no studio
        raise UserError(
            "studio.extra", "The studio is not installed.", do="pip install 'ctdc[studio]', or make studio-setup."
        )


@command.command()
@studio_argument
@click.option("--address", default="http://localhost:8800", show_default=True, help="Where people will reach it.")
@click.option("--hub", required=True, help="Name of the organisation that runs the hub.")
@click.option("--sender", required=True, help="E-mail address that letters come from.")
@click.option("--administrator", required=True, help="E-mail address of the first administrator.")
@click.option("--name", required=True, help="Name of the first administrator.")
@click.option(
    "--database",
    type=click.Choice(["sqlite", "environment"]),
    default="sqlite",
    show_default=True,
    help="In the folder, or the PostgreSQL that CTDC_STUDIO_DATABASE names.",
)
def init(folder: Path, address: str, hub: str, sender: str, administrator: str, name: str, database: str) -> None:
    """Make a new studio in STUDIO, and an invitation for its first administrator."""
    from ctdc.hub.studio import place

    _check_person(administrator, name)
    place.create(folder, address=address, hub=hub, sender=sender, database=database)
    click.echo(f"The studio is in {folder}. Start it:  ctdc studio serve {folder}")
    _invite_first(folder, administrator, name)


@command.command("invite-administrator")
@studio_argument
@click.option("--administrator", required=True, help="E-mail address of the first administrator.")
@click.option("--name", required=True, help="Name of the first administrator.")
def invite_administrator(folder: Path, administrator: str, name: str) -> None:
    """Invite the first administrator of STUDIO again, when the letter was lost or is over; while there is none."""
    _check_person(administrator, name)
    _invite_first(folder, administrator, name)


def _check_person(email: str, name: str) -> None:
    """Raise UserError (``studio.person``), before anything is made."""
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", email) or len(email) > 254 or not 0 < len(name.strip()) <= 150:
        raise UserError(
            "studio.person",
            "The first administrator needs a name and an e-mail address.",
            where="--administrator, --name",
            allowed="an address such as ada@example.org, and a name of up to 150 characters",
        )


def _invite_first(folder: Path, email: str, name: str) -> None:
    from ctdc.hub.studio import starting

    made = starting.make_ready(folder)
    starting.update_database()
    from ctdc.hub.studio.people.acts import make_studio

    _, secret = make_studio(made.settings.hub, email, name)
    click.echo(f"Then open this address once, within seven days, as {name}:")
    click.echo(f"  {made.address}/people/join/{secret}/")


@command.command()
@studio_argument
@click.option("--port", default=8800, show_default=True, type=click.IntRange(1, 65_535), help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; a proxy stands before it.")
@click.option("--worker/--no-worker", default=True, show_default=True, help="Whether a worker runs beside.")
@click.option(
    "--site-port",
    type=click.IntRange(1, 65_535),
    help="Port on which the public site is shown beside, on this machine; without it, it is not.",
)
def serve(folder: Path, port: int, host: str, worker: bool, site_port: int | None) -> None:
    """Show the studio in STUDIO, with all that belongs to it."""
    from ctdc.hub.site.serve import bind
    from ctdc.hub.studio import place, starting

    found = starting.make_ready(folder)
    place.check_host(found, host)
    starting.update_database()
    if site_port is not None:
        bind("127.0.0.1", site_port).close()  # whether it is free is said now, and not by the process beside
    with bind(host, port) as listener:
        click.echo(f"Open {found.address}/   (Ctrl+C stops)")
        if site_port is not None:
            click.echo(f"The public site: http://localhost:{site_port}/en/")
        starting.run_pages(listener, folder, worker, site_port)


@command.command()
@studio_argument
def work(folder: Path) -> None:
    """Do the long work of STUDIO, until stopped. `serve` runs one of these beside."""
    from ctdc.hub.studio import starting

    starting.make_ready(folder)
    starting.update_database()
    starting.run_worker()


@command.command()
@studio_argument
def verify(folder: Path) -> None:
    """Check that the log of STUDIO is as it was written, and that its privacy ledgers hold what the log names of them.

    Those are the hub's, of which the log names the budgets, and that of each person whose runs at the workbench were
    charged, of which it names every charge.
    """
    from ctdc.hub.studio import starting

    place = starting.make_ready(folder)
    from ctdc.hub.studio.bench.accounts import check_accounts
    from ctdc.hub.studio.desk.accounts import check_ledger
    from ctdc.hub.studio.events.record import verify as verify_events

    click.echo(f"All {verify_events():,} lines of the log are as they were written.")
    click.echo(
        f"The hub's privacy ledger has {check_ledger(place.ledger):,} lines, and every budget that the log names."
    )
    click.echo(f"Accounts at the workbench that have every charge that the log names: {check_accounts():,}.")


@command.command()
@studio_argument
@click.argument("email")
def rescue(folder: Path, email: str) -> None:
    """Remove the second step of the person with EMAIL in STUDIO, who then sets up a new one with their password.

    For the only administrator who lost everything; others ask an administrator. It is noted in the log, and the person
    gets a letter.
    """
    from ctdc.hub.studio import starting

    starting.make_ready(folder)
    from ctdc.hub.studio.entrance import acts
    from ctdc.hub.studio.people.models import Person
    from ctdc.hub.studio.web import letters

    person = Person.objects.filter(email__iexact=email, is_active=True).first()
    if person is None:
        raise UserError(
            "studio.nobody", "Nobody in this studio signs in with this address.", do="Look at its spelling."
        )
    acts.rescue(person)
    letters.send(person.email, person.language, "entrance.letter.step_removed", name=person.name)
    click.echo(
        "The second step is removed, and all sessions are over. They sign in with their password and set up a new one."
    )


@command.command()
@click.argument("address")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--token-file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with your token, that only you can read.",
)
@click.option("--replaces", type=click.IntRange(min=1), help="Number of the delivery that these files correct.")
@click.option("--wait", is_flag=True, help="Wait until it was checked. Exit code 3 when it is held back or refused.")
@json_option
@click.pass_context
def deliver(
    context: click.Context,
    address: str,
    files: tuple[Path, ...],
    token_file: Path,
    replaces: int | None,
    wait: bool,
    as_json: bool,
) -> None:
    """Deliver FILES to the studio at ADDRESS. After a broken connection the same command goes on where it stopped."""
    from ctdc.hub.studio.deliveries.sending import Studio, read_token

    studio = Studio(address, read_token(token_file))
    with progress_bars(quiet=as_json) as progress:
        number = studio.deliver(files, progress, replaces)
    receipt = studio.wait(number) if wait else studio.receipt(number)
    text = f"Delivery {number}: {receipt['state'].replace('_', ' ')}. See {address.rstrip('/')}/deliveries/{number}/"
    emit(receipt, as_json, text)
    context.exit(3 if receipt["state"] in ("held_back", "refused") else 0)


@command.command("import-content")
@studio_argument
@click.option("--content", type=click.Path(path_type=Path, file_okay=False, exists=True), help=CONTENT_HELP)
def import_content(folder: Path, content: Path | None) -> None:
    """Bring stories and pages, in all their languages, into STUDIO, so that editors can change them there."""
    from ctdc.hub.studio import starting

    starting.make_ready(folder)
    starting.update_database()
    click.echo(_bring_in(content))


def _bring_in(content: Path | None) -> str:
    """What was brought in, of a folder of content or, where it lacks a part, of what is shipped."""
    from ctdc.hub.site.about.place import CONTENT as ABOUT
    from ctdc.hub.site.export import check_content
    from ctdc.hub.site.stories.source import CONTENT as STORIES
    from ctdc.hub.studio.editors.acts import import_content as bring_in

    check_content(content)
    shipped = {"stories": STORIES, "about": ABOUT}
    own = {name: content / name for name in shipped if content and (content / name).is_dir()}
    stories, pages = bring_in(**(shipped | own))
    return f"{stories} stories and {pages} pages, in five languages, can now be edited."


@command.command()
@studio_argument
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535), help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; a proxy stands before it.")
def site(folder: Path, port: int, host: str) -> None:
    """Show the public site of STUDIO, once something is published. `serve --site-port` runs one of these beside."""
    from ctdc.hub.studio import place, showing

    found = place.read(folder)
    place.check_host(found, host)
    showing.show(found, host, port)


@command.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--port", default=8800, show_default=True, type=click.IntRange(1, 65_535), help="Port of the studio.")
@click.option(
    "--site-port", default=8765, show_default=True, type=click.IntRange(1, 65_535), help="Port of the public site."
)
@click.option("--serve/--no-serve", "served", default=True, show_default=True, help="Whether it is started, too.")
def demo(folder: Path, port: int, site_port: int, served: bool) -> None:
    """Make a studio to try things out in, of what 'ctdc run --demo' made in DIR, and start it with the public site.

    Every account and every case in it is invented; who can sign in is printed. It lies in DIR/studio; remove that
    folder to begin anew. It can be reached from this machine alone, and never becomes a studio for real work.
    """
    from ctdc.hub.studio.demonstration import running

    with progress_bars() as progress:
        found = running.prepare(folder, port, progress)
    click.echo(running.guide(found, folder, port, site_port))
    if served:
        running.start(found.folder, port, site_port)


@command.command("demo-code")
@studio_argument
@click.argument("who")
def demo_code(folder: Path, who: str) -> None:
    """Print the code that the app of WHO would show now, in the demonstration STUDIO."""
    import time

    from ctdc.hub.studio import place
    from ctdc.hub.studio.demonstration import accounts

    click.echo(accounts.find(accounts.read(place.read(folder).folder), who).code(time.time()))
