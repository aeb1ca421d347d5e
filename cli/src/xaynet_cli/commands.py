"""The commands, as they are typed; each hands over to the module that does it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from xaynet_cli.control import Changed
from xaynet_cli.desired import Document, assigned, desired_of
from xaynet_cli.failures import CommandFailed
from xaynet_cli.reach import Reach
from xaynet_cli.screen import Screen
from xaynet_cli.watching import follow
from xaynet_operator.resource import FederatedRound

app = typer.Typer(
    help="Federated learning without a cluster, and changes to services that run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
models = typer.Typer(help="Global models of a service.", no_args_is_help=True)
app.add_typer(models, name="models")

Manifest = Annotated[
    Path, typer.Argument(metavar="FILE", help="Manifest of a FederatedRound, in YAML.")
]
Data = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder of the service. If not given: the one folder xaynet-… in this one.",
    ),
]
ControlUrl = Annotated[
    str | None,
    typer.Option("--control", metavar="URL", help="Control API of any other coordinator."),
]
TokenFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="File with the token for --control.")
]
Public = Annotated[
    str | None,
    typer.Option("--coordinator", metavar="URL", help="Where its participants reach it."),
]
Plain = Annotated[bool, typer.Option("--plain", help="Plain lines, on a terminal too.")]


@app.command()
def up(  # noqa: PLR0913 - each is an option of the command
    file: Manifest,
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port for participants; 0: any free one.")
    ] = 8081,
    host: Annotated[str, typer.Option(help="Address that participants reach.")] = "127.0.0.1",
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for all that is kept; the next start goes on from it. If not given: "
            "xaynet-NAME in this folder, with the resource's name.",
        ),
    ] = None,
    control_port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="Port of the control API, on loopback; 0: any free."),
    ] = 0,
    log: Annotated[
        str, typer.Option(metavar="FILTER", help="What is logged, such as info.")
    ] = "warn",
    plain: Plain = False,
) -> None:
    """Run a service without a cluster, until Ctrl-C.

    To save FILE while it runs is to apply it.
    """
    # Only this command is a coordinator, which takes a while to import.
    from xaynet_cli.up import Request, serve

    request = Request(file, data, host, port, control_port, log)
    serve(request, Screen(Console(), str(file), plain=plain))


@app.command()
def watch(
    *,
    data: Data = None,
    control: ControlUrl = None,
    token_file: TokenFile = None,
    plain: Plain = False,
) -> None:
    """Follow a service, until Ctrl-C."""
    reach = Reach(data, control, token_file)
    follow(reach, Screen(Console(), reach.title(), plain=plain))


@app.command(name="apply")
def apply_file(
    file: Manifest, *, data: Data = None, control: ControlUrl = None, token_file: TokenFile = None
) -> None:
    """Make a service do what a manifest asks for."""
    wanted = desired_of(FederatedRound.load(file))
    change(Reach(data, control, token_file), lambda _: wanted)


@app.command(name="set")
def set_fields(
    fields: Annotated[
        list[str],
        typer.Argument(metavar="FIELD=VALUE...", help="Such as rounds=20 update.count.min=5."),
    ],
    *,
    data: Data = None,
    control: ControlUrl = None,
    token_file: TokenFile = None,
) -> None:
    """Change fields of a service while it runs.

    The fields are those of the resource: rounds, and all of spec.pet. No value at all (rounds=)
    takes a value away.
    """
    change(Reach(data, control, token_file), lambda desired: assigned(desired, fields))


@app.command()
def pause(*, data: Data = None, control: ControlUrl = None, token_file: TokenFile = None) -> None:
    """Let a service stand still: the clock of its phase stands, and participants wait."""
    change_state(Reach(data, control, token_file), "Paused")


@app.command()
def resume(*, data: Data = None, control: ControlUrl = None, token_file: TokenFile = None) -> None:
    """Let a paused service go on where it stood."""
    change_state(Reach(data, control, token_file), "Running")


@app.command()
def terminate(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether this is meant.")] = False,
    data: Data = None,
    control: ControlUrl = None,
    token_file: TokenFile = None,
) -> None:
    """End a service for good: the round it is in is erased, its global models stay."""
    reach = Reach(data, control, token_file)
    question = f"End {reach.title()} for good?"
    if not yes and not (sys.stdin.isatty() and typer.confirm(question)):
        raise CommandFailed("nothing was done: terminating is final, confirm it or give --yes")
    change_state(reach, "Terminated")


@models.command(name="list")
def list_models(
    *, data: Data = None, control: ControlUrl = None, token_file: TokenFile = None
) -> None:
    """List the global models, the newest last.

    Of a service with --control only the newest is known: the others are in its bucket.
    """
    for entry in Reach(data, control, token_file).shelf(None).entries():
        weights = "?" if entry.weights is None else entry.weights
        print(f"{entry.id}  {weights} weights  {entry.time:%Y-%m-%d %H:%M:%S} UTC")


@models.command(name="get")
def get_model(
    id: Annotated[
        str, typer.Argument(help="Its id, the number of its round, or latest.", metavar="ID")
    ] = "latest",
    *,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="x.npy for numpy, else bincode."),
    ],
    data: Data = None,
    control: ControlUrl = None,
    token_file: TokenFile = None,
    coordinator: Public = None,
) -> None:
    """Write a global model to a file: an array if it is called .npy, else Xaynet's own form."""
    from xaynet_cli.models import chosen

    shelf = Reach(data, control, token_file).shelf(coordinator)
    entry = chosen(shelf.entries(), id)
    output.write_bytes(shelf.content(entry.id, npy=output.suffix == ".npy"))
    print(f"global model {entry.id} is in {output}")


def change_state(reach: Reach, state: str) -> None:
    """Make this the desired state."""
    change(reach, lambda desired: assigned(desired, [f"desiredState={state}"]))


def change(reach: Reach, edit: Callable[[Document], Document]) -> None:
    """Change what is wanted of a service, and tell it."""
    changed: Changed = reach.control().change(edit)
    if not changed.differences:
        print("nothing has changed")
    for difference in changed.differences:
        later = " (from the next round on)" if difference.field in changed.pending else ""
        print(f"{difference}{later}")
