"""The command line. Each command lives in a module of its own and is imported when it is called."""

from __future__ import annotations

import importlib
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

import click

from counterpoint.model.mistakes import BadScenario

COMMANDS = MappingProxyType(
    {
        "list": ("counterpoint.harness.commands.listing:listing", "systems, scenarios, mutants"),
        "new": ("counterpoint.harness.commands.new:new", "write a protocol to start from"),
        "fuzz": ("counterpoint.harness.commands.fuzz:fuzz", "search by random runs"),
        "campaign": (
            "counterpoint.harness.commands.campaign:campaign",
            "search for as long as one likes, and keep what is found",
        ),
        "explore": ("counterpoint.harness.commands.explore:explore", "visit every reachable state"),
        "replay": ("counterpoint.harness.commands.replay:replay", "run a trace file again"),
        "play": ("counterpoint.harness.commands.play:play", "try a system by hand"),
        "show": ("counterpoint.harness.commands.show:show", "read a trace file in the terminal"),
        "view": ("counterpoint.harness.commands.view:view", "read it in a browser, offline"),
        "export": ("counterpoint.harness.commands.export:export", "write it for other tools"),
        "upgrade": (
            "counterpoint.harness.commands.upgrade:upgrade",
            "bring a trace file up to date",
        ),
        "check": ("counterpoint.harness.commands.check:check", "judge histories recorded anywhere"),
        "serve": ("counterpoint.harness.commands.serve:serve", "run one node of a system for real"),
        "up": ("counterpoint.harness.commands.up:up", "run a whole cluster for real"),
        "call": ("counterpoint.harness.commands.call:call", "ask a running cluster for something"),
        "live": ("counterpoint.harness.commands.live:live", "verify a real cluster under attack"),
        "maelstrom": (
            "counterpoint.harness.commands.maelstrom:maelstrom",
            "test programs that speak Maelstrom's protocol",
        ),
        "merge": (
            "counterpoint.harness.commands.merge:merge",
            "one trace out of the logs of nodes",
        ),
        "audit": (
            "counterpoint.harness.commands.audit:audit",
            "whether a scenario does the same again",
        ),
        "demo": ("counterpoint.harness.commands.demo:demo", "verify the register, catch a mutant"),
    }
)

_AS_JSON = "counterpoint.as_json"


class _LazyGroup(click.Group):
    """A group that imports a command when it is used; `--help` alone imports none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        ctx.meta[_AS_JSON] = "--json" in args
        if args[0] not in COMMANDS and (like := get_close_matches(args[0], COMMANDS, n=1)):
            ctx.fail(f"No such command {args[0]!r}. Did you mean {like[0]!r}?")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BadScenario as error:  # whichever command met it, and however deep in a search
            from counterpoint.harness.output import refuse

            refuse(str(error), as_json=ctx.meta[_AS_JSON])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="counterpoint")
def main() -> None:
    """Find the shortest run that breaks a message-passing protocol, and say why.

    \b
    counterpoint new lock                           a protocol to start from, with its test
    counterpoint list                               what there is
    counterpoint fuzz register --seconds 10         search the right register: it holds
    counterpoint fuzz register --mutant B1          search a wrong one: a counterexample
    counterpoint show FILE                          read the counterexample
    counterpoint replay FILE                        run it again
    counterpoint up register --servers 3            run it for real, a process a node

    Exit codes: 0 holds, 1 broken, 2 usage or bad input, 3 undecided, 4 a result could not be written
    where it belongs, 70 a mistake of Counterpoint itself, 130 interrupted (143 by SIGTERM, 129 by
    SIGHUP).
    """
