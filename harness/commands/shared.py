"""Options that several commands share, each written once: it is called the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


def together(*options: Callable[[Any], Any]) -> Callable[[CommandT], CommandT]:
    """Return one decorator for some, which stand in the help in this order."""

    def decorate(command: CommandT) -> CommandT:
        decorated: Any = command
        for option in reversed(options):
            decorated = option(decorated)
        return decorated  # type: ignore[no-any-return]

    return decorate


def settings(help: str) -> Callable[[CommandT], CommandT]:
    """The settings of a system: `pairs`."""
    return click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help=help)


def named_scenario(command: CommandT) -> CommandT:
    """A scenario by name: `system`, `mutant`, `scenario`, `pairs`."""
    return together(
        click.argument("system"),
        click.option("--mutant", help="A deliberately wrong variant, such as B1."),
        click.option(
            "--scenario", help="A scenario of the system (default: default, or the mutant's own)."
        ),
        settings("A setting of the system."),
    )(command)


def out_folder(help: str) -> Callable[[CommandT], CommandT]:
    """The folder for what was found: `out`."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path(".counterpoint"),
        show_default=True,
        help=help,
    )


def as_json(command: CommandT) -> CommandT:
    """Whether the result is one JSON object: `as_json`."""
    return json_flag("One JSON object as the result.")(command)


def json_flag(help: str) -> Callable[[CommandT], CommandT]:
    """Whether results are JSON objects: `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help=help)


def cluster_file(command: CommandT) -> CommandT:
    """The file of a cluster that there is: `config`."""
    return click.option(
        "--config", type=click.Path(path_type=Path), required=True, help="The cluster's file."
    )(command)
