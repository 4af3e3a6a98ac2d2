"""Keeping what was found: the one place that names traces, writes them, and says how to replay them.

What a search has found is never lost: where its folder cannot be written to, the trace goes to the
temporary folder, and the command says so and ends with an exit code of its own.
"""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from counterpoint.harness.embedding import named
from counterpoint.harness.tool import tool
from counterpoint.model.inert import plain
from counterpoint.model.scenario import Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.tracefile import write_trace
from counterpoint.model.values import Json, digest_of
from counterpoint.model.verdict import Verdict

NAME_MAX = 120
"""A longer name is cut, and ends with a digest."""

SUFFIX = ".trace.jsonl"

USUAL = ".counterpoint"
"""The folder of traces where no other is named."""


@dataclass(frozen=True, slots=True)
class KeptTrace:
    """Where a trace is, None if nowhere; and, if not where it should be, why."""

    path: Path | None
    problem: str = ""

    @property
    def text(self) -> str | None:
        """The path as results tell it."""
        return None if self.path is None else str(self.path)

    @property
    def replay_command(self) -> str | None:
        """What to type to run it again."""
        return self.command("replay")

    def command(self, name: str) -> str | None:
        """What to type to give it to a command."""
        return None if self.path is None else command(name, self.path)


def command(name: str, path: Path) -> str:
    """Return what to type into a shell to give a trace file to a command.

    >>> command("replay", Path("out/a b.jsonl")), command("show", Path("-x.jsonl"))
    ("counterpoint replay 'out/a b.jsonl'", 'counterpoint show ./-x.jsonl')
    """
    text = str(path)
    return f"counterpoint {name} {shlex.quote(f'./{text}' if text.startswith('-') else text)}"


def trace_path(scenario: Scenario, out: Path, *what: str) -> Path:
    """Return where a trace of a scenario goes. Other settings, or another `what`, are another name.

    The name tells system, scenario, mutant and `what`; settings are a digest at its end.

    >>> from types import SimpleNamespace
    >>> fair = SimpleNamespace(name="fair", network="ordered", origin={"system": "my.locks:fair"})
    >>> trace_path(fair, Path("out"), "no new/old inversion", "7").name
    'my.locks-fair-no-new-old-inversion-7.trace.jsonl'
    """
    origin = scenario.origin
    chosen = origin.get("scenario", "default")
    parts = (
        origin.get("system", scenario.name),
        "" if chosen == "default" else chosen,
        origin.get("mutant", ""),
        *what,
    )
    return out / file_name(tuple(filter(None, parts)), _settings(scenario))


def _settings(scenario: Scenario) -> dict[str, str]:
    """Return what the parts of a name do not tell of a scenario."""
    told = ("system", "scenario", "mutant")
    return {key: value for key, value in named(scenario.origin).items() if key not in told}


def file_name(parts: tuple[str, ...], settings: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return a name that every file system takes, another one for other parts or settings.

    >>> file_name(("register", "B1", "regular"), {})
    'register-B1-regular.trace.jsonl'
    >>> file_name(("a/b", "x" * 200), {"n": "1"}) == file_name(("a/b", "x" * 199), {"n": "1"})
    False
    """
    joined = "-".join(parts)
    name = re.sub(r"[^\w.=]+", "-", joined, flags=re.ASCII).strip("-.") or "trace"
    if settings or len(name) > NAME_MAX or not joined.isascii():
        digest = digest_of([list(parts), dict(settings)])[:6]
        name = f"{name[:NAME_MAX]}-{digest}"
    return name + SUFFIX


def keep(
    path: Path,
    trace: Trace,
    verdicts: tuple[Verdict, ...],
    about: Mapping[str, Json] = MappingProxyType({}),
) -> KeptTrace:
    """Write a trace to its place, or else to the temporary folder, and say where it is."""
    header = {"tool": tool(), **about}
    try:
        begin_folder(path.parent)
        write_trace(path, trace, verdicts, about=header)
    except OSError as error:
        problem = f"{plain(str(path))} cannot be written: {_why(error)}"
    else:
        return KeptTrace(path)
    try:
        other = Path(tempfile.mkdtemp(prefix="counterpoint-")) / path.name
        write_trace(other, trace, verdicts, about=header)
    except OSError as error:
        return KeptTrace(
            None, f"{problem}; nor can the temporary folder ({_why(error)}): it is not kept"
        )
    return KeptTrace(other, f"{problem}; the trace is {other}")


def begin_folder(folder: Path) -> None:
    """Make a folder where there is none, and let git ignore the usual one, where it is new.

    So do pytest and Hypothesis with theirs; who wants it in git removes the file, which stays away.
    """
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)  # another worker may be first
    if is_new and folder.name == USUAL:
        (folder / ".gitignore").write_text("# Made by Counterpoint.\n*\n", encoding="utf-8")


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__


def keep_trace(
    trace: Trace,
    verdicts: tuple[Verdict, ...],
    out: Path,
    *what: str,
    about: Mapping[str, Json] = MappingProxyType({}),
) -> KeptTrace:
    """Write a trace that was found to the place that `trace_path` names, or else where it can be."""
    return keep(trace_path(trace.scenario, out, *what), trace, verdicts, about)
