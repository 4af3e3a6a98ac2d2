"""What the pytest plugin makes of a broken property: a trace file, a report, a command to replay it."""

from __future__ import annotations

import ast
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from counterpoint.harness.embedding import named
from counterpoint.harness.explanation.plain import plain
from counterpoint.harness.keeping import KeptTrace, file_name, keep
from counterpoint.harness.output import columns
from counterpoint.harness.plugin.ci import tell_github
from counterpoint.harness.plugin.options import PluginSession
from counterpoint.harness.report.terminal import WIDTH, report
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.failure import ExaminedNothing, NothingBroke, PropertyBroken
from counterpoint.model.search.replay import first_broken, judge, led_by
from counterpoint.model.search.replay_file import Diverged, replay
from counterpoint.model.search.shorten import shortened
from counterpoint.model.tracefile import TraceFile
from counterpoint.model.tracefile import broken_in as broken_in_file
from counterpoint.model.values import Json


@dataclass(frozen=True, slots=True)
class FailureReport:
    """A failure as a user gets it: the sentence, the report, the file and how to replay it.

    `annotation` marks the test on GitHub; it is empty elsewhere.
    """

    sentence: str
    text: str
    trace: str
    replay: str
    annotation: str = ""


OURS = (PropertyBroken, ExaminedNothing, NothingBroke, Diverged, BadScenario)
"""Exceptions whose message says all there is to say."""

MACHINE = "state machine"
"""The strategy of what Hypothesis has found; such an exception has notes for users of Hypothesis."""


def broken_in(error: BaseException | None) -> PropertyBroken | None:
    """Return the broken property that an exception tells of, alone or among others."""
    if isinstance(error, PropertyBroken):
        return error
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(broken_in, error.exceptions)), None)
    return None


def present(
    error: PropertyBroken, *, test: str, item: pytest.Item, session: PluginSession, kept: str | None
) -> FailureReport:
    """Minimise a failure if that was not done, save its trace and report it.

    `test` is the id of the test to replay it in; `kept` the file that it was replayed from, which
    stays as it is.
    """
    error = error if error.steps_found is not None or kept else shortened(error)
    name = _file_name(item.nodeid, error, session.worker)
    about = _about(error, test)
    place = (
        KeptTrace(Path(kept))
        if kept
        else keep(session.directory / name, error.trace, error.verdicts, about)
    )
    shown, command = _how_to_replay(place, test, item.config)
    length = len(error.trace.choices)
    text = report(
        error.trace,
        error.verdicts,
        width=columns(WIDTH),
        shrunk=None if error.steps_found is None else (error.steps_found, length),
        replay_command=command,
    )
    if place.problem:
        text += f"\n not kept       {place.problem}"
    annotation = tell_github(
        os.environ,
        error.trace,
        error.verdicts,
        place=(item.path, _line_of(test, item.path)),
        replay_command=command,
    )
    sentence = plain(f"{error.verdict.property}: {error.verdict.summary}")
    return FailureReport(sentence, text, shown, command, annotation)


def _how_to_replay(kept: KeptTrace, test: str, config: pytest.Config) -> tuple[str, str]:
    """Return the path of a trace as seen from here, and the command that replays it."""
    if kept.path is None:
        return "", f"pytest {shlex.quote(_from_here(test, config))} {_SEED}"
    shown = _relative(kept.path, config.invocation_params.dir)
    asked = f"--counterpoint-replay {shlex.quote(shown)}"
    return shown, f"pytest {shlex.quote(_from_here(test, config))} {asked}"


_SEED = "--counterpoint-seed N, with N from the header of this report"


def _relative(path: Path, start: Path) -> str:
    try:
        return os.path.relpath(path, start)
    except ValueError:  # on another drive of Windows
        return str(path)


def replay_in_test(file: TraceFile, scenario: Scenario) -> str:
    """Replay a file in a scenario and return what to say if it breaks nothing any more.

    Raises:
        PropertyBroken: it still does.
        Diverged: the run is not possible any more, or goes another way.
    """
    trace = replay(file, scenario)
    verdicts = led_by(judge(trace), broken_in_file(file))
    verdict = first_broken(verdicts)
    if verdict is not None:
        raise PropertyBroken(trace, verdict, verdicts)
    return f"FIXED: {file.source} runs as it did, {len(trace.choices)} steps, and breaks nothing"


def _file_name(test: str, error: PropertyBroken, worker: str) -> str:
    """Return a file name that tells test, property, seed and worker; a digest tells the settings."""
    module, _, function = test.partition("::")
    seed = error.search.get("seed", "")
    parts = (Path(module).stem, function, error.verdict.property, str(seed), worker)
    return file_name(tuple(filter(None, parts)), named(error.trace.scenario.origin))


def _about(error: PropertyBroken, test: str) -> dict[str, Json]:
    shrunk: Json = {"from": error.steps_found, "to": len(error.trace.choices)}
    return {"test": test, "search": dict(error.search), "shrunk": shrunk}


def _line_of(test: str, path: Path) -> int:
    """Return the line, the first being 1, at which a test is defined or assigned; 1 if unknown.

    A test that is assigned is a function of ours, so the place of its code is of no help.
    """
    name = test.split("::")[1].partition("[")[0]
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return 1
    for node in body:
        match node:
            case ast.FunctionDef(name=bound) | ast.ClassDef(name=bound) if bound == name:
                return node.lineno
            case ast.Assign(targets=targets):
                if any(isinstance(t, ast.Name) and t.id == name for t in targets):
                    return node.lineno
            case ast.AnnAssign(target=ast.Name(id=bound)) if bound == name:
                return node.lineno
    return 1


def _from_here(test: str, config: pytest.Config) -> str:
    """Return the id of a test as the command line takes it, from where pytest was started."""
    module, colons, rest = test.partition("::")
    path = _relative(config.rootpath / module, config.invocation_params.dir)
    return f"{path}{colons}{rest}"
