"""`counterpoint play`: try a system by hand, call by call or message by message."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import click

from counterpoint.harness.catalog import build, entry, rebuild
from counterpoint.harness.commands.load_trace import opened
from counterpoint.harness.commands.shared import settings
from counterpoint.harness.interruption import Interruption, exit_code_of
from counterpoint.harness.keeping import KeptTrace, keep
from counterpoint.harness.output import clear_errors, finish, settings_of, tell
from counterpoint.harness.play.console import CALLS, SESSION, Console
from counterpoint.harness.play.plain_console import plain_console
from counterpoint.harness.play.run import DelayChoice, delay_of
from counterpoint.harness.play.script import WrongLine, follow
from counterpoint.harness.play.session import PlaySession
from counterpoint.model.search.replay import judge

PROMPT = "> "


@click.command(
    epilog="Exit codes: 0 nothing broke, 1 a property broke, 2 usage, bad input or a wrong line."
)
@click.argument("system", required=False)
@click.option("--servers", type=int, help="How many servers; short for --set servers=N.")
@click.option("--faults", is_flag=True, help="Servers lose messages, as many as may fail at once.")
@click.option("--delay", default="0", metavar="N|hand", help="Messages wait for N commands.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the faults.")
@click.option("--mutant", help="A deliberately wrong variant, such as A3.")
@click.option("--scenario", help="A scenario of the system [default].")
@settings("A setting of the system.")
@click.option(
    "--script", type=click.Path(path_type=Path, allow_dash=True), help="Commands from a file."
)
@click.option("--from", "source", type=click.Path(path_type=Path), help="Go on from a trace file.")
@click.option("--step", type=click.IntRange(0), help="Go on before this step of it, not its end.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The trace file of the session, or a folder for it.",
)
def play(
    system: str | None,
    servers: int | None,
    faults: bool,
    delay: str,
    seed: int,
    mutant: str | None,
    scenario: str | None,
    pairs: tuple[str, ...],
    script: Path | None,
    source: Path | None,
    step: int | None,
    out: Path | None,
) -> None:
    """Try SYSTEM by hand, one of the catalog or yours: type calls and faults, see what comes of them.

    `help` lists the commands: those of the register are `c1 read 4` and the like, of the stores
    `alice write x 1`. A system without a console of its own has the operations of its scenario as
    commands: `c1 leave`, `c1 write 7`.

    Every session is saved as a trace file. A script has a command a line; `#` begins a comment, `!`
    before a command says that it must be refused, `= text` that its answer contains a text. A script
    ends at a command that is refused; what comes through a pipe goes on, as if it were typed.

    \b
    counterpoint play token_manager --servers 5 --faults
    counterpoint play token_manager --script FILE --out pay.trace.jsonl
    counterpoint play mypackage.scenarios:bank
    counterpoint play --from FILE --step 12
    """
    with clear_errors():
        wait = delay_of(delay)
        if source is not None:
            _refuse_both(system, mutant, scenario, pairs, servers)
            session = _from_trace(source, step, wait, faults, seed)
        else:
            settings = settings_of(pairs) | ({} if servers is None else {"servers": str(servers)})
            session = _new(system, scenario, mutant, settings, wait, faults, seed)
        lines = None if script is None else _lines_of(script)
    wrong, stopped = _talk(session, lines)
    with Interruption() as later:
        is_broken, kept = _save(session, out)
    if wrong is not None:
        tell(f"counterpoint: {script or 'standard input'}: {wrong}", err=True)
        finish("error", kept)
    finish("broken" if is_broken else "holds", kept, stopped=stopped or later.exit_code)


# ---- beginning -----------------------------------------------------------------------------------


def _new(
    system: str | None,
    scenario: str | None,
    mutant: str | None,
    settings: Mapping[str, str],
    delay: DelayChoice,
    has_faults: bool,
    seed: int,
) -> PlaySession:
    if system is None:
        raise ValueError("play what? right would be: counterpoint play token_manager")
    console = _own_console(system)
    if console is None:
        built = build(system, scenario=scenario, mutant=mutant, settings=settings)
        console = plain_console(built)
    else:
        found = entry(system)
        if found.takes_calls and CALLS in settings:
            raise ValueError(f"--set {CALLS}: the calls of a session are those that you type")
        # Not the mutant's own scenario: what it adds to the system is calls, and those are yours.
        built = found.scenario(
            scenario or found.usual, mutant=mutant, settings={**console.usual, **settings}
        )
    return PlaySession(built, console, delay=delay, has_faults=has_faults, seed=seed)


def _from_trace(
    source: Path, step: int | None, delay: DelayChoice, has_faults: bool, seed: int
) -> PlaySession:
    found = opened(source)
    origin = found.trace.scenario.origin
    system = origin.get("system")
    typed = system is not None and entry(system).takes_calls
    left_out = (SESSION, *((f"set.{CALLS}",) if typed else ()))
    origin = {key: value for key, value in origin.items() if key not in left_out}
    base = rebuild(origin)
    console = None if system is None else _own_console(system)
    session = PlaySession(
        base, console or plain_console(base), delay=delay, has_faults=has_faults, seed=seed
    )
    session.go_on_from(found.trace, len(found.trace.choices) if step is None else step)
    return session


def _own_console(system: str) -> Console | None:
    """Return the console that a system brings along, None for the plain one."""
    return entry(system).console


def _refuse_both(*given: object) -> None:
    if any(given):
        raise ValueError(
            "--from FILE says which system it is, and with which settings: leave them out"
        )


def _lines_of(script: Path) -> list[str]:
    with click.open_file(str(script), encoding="utf-8") as file:
        return str(file.read()).splitlines()


# ---- the conversation ----------------------------------------------------------------------------


def _talk(session: PlaySession, lines: list[str] | None) -> tuple[WrongLine | None, int]:
    """Do what the lines say, or what is typed; return the line that ended it, or the exit code."""
    try:
        if lines is None and sys.stdin.isatty():
            _type(session)
        else:
            given = sys.stdin if lines is None else lines
            for line in follow(session, given, prompt=PROMPT, stops=lines is not None):
                tell(line)
    except WrongLine as wrong:
        return wrong, 0
    except KeyboardInterrupt as stop:  # the session ends, and is kept
        tell("interrupted", err=True)
        return None, exit_code_of(stop)
    return None, 0


def _type(session: PlaySession) -> None:
    tell("help lists the commands, close (or Ctrl-D) ends the session")
    with _editing(session):
        try:
            _converse(session)
        except EOFError:  # the session ends, and is kept
            tell("")


def _converse(session: PlaySession) -> None:
    is_end = False
    while not is_end:
        reply = session.execute(input(PROMPT))
        for text in reply.lines:
            tell(text)
        is_end = reply.is_end


@contextmanager
def _editing(session: PlaySession) -> Iterator[None]:
    """Let the keys of the terminal bring back earlier lines and complete words, where they can."""
    try:
        import readline
    except ImportError:  # a platform without it: lines can be typed all the same
        yield
        return
    earlier = readline.get_completer()

    def complete(text: str, state: int) -> str | None:
        before = readline.get_line_buffer()[: readline.get_begidx()]
        found = session.completions(before + text)
        return found[state] + " " if state < len(found) else None

    readline.set_completer(complete)
    readline.set_completer_delims(" ")
    readline.parse_and_bind("tab: complete")
    try:
        yield
    finally:
        readline.set_completer(earlier)


# ---- the end -------------------------------------------------------------------------------------


def _save(session: PlaySession, out: Path | None) -> tuple[bool, KeptTrace]:
    """Write the trace, say what held and what did not; tell whether something broke, and where it is."""
    trace = session.trace()
    verdicts = judge(trace)
    path = out
    if path is None or path.is_dir():
        system = trace.scenario.origin.get("system", "session")
        path = _free_path(system, path or Path(".counterpoint"))
    kept = keep(path, trace, verdicts)
    for verdict in verdicts:
        why = f": {verdict.summary}" if verdict.summary else ""
        tell(f"{verdict.property}: {verdict.outcome.value}{why}")
    if kept.path is not None:
        tell(f"saved: {kept.path} ({len(trace.choices)} steps)")
    return any(verdict.is_broken for verdict in verdicts), kept


def _free_path(system: str, folder: Path) -> Path:
    paths = (folder / f"{system}-session-{number}.trace.jsonl" for number in count(1))
    return next(path for path in paths if not path.exists())
