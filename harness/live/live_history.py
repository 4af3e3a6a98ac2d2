"""Histories out of node logs: what all nodes did, in one order by the clock of their machine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from counterpoint.impl.host.codec import from_canonical
from counterpoint.model.event import Event, EventKind
from counterpoint.model.quick_init import quick_init
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.properties import answer_of
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Verdict

KINDS: Mapping[str, EventKind] = MappingProxyType(
    {
        "invoke": "invoke",
        "begin": "invoke",
        "return": "return",
        "note": "note",
        "crash": "crash",
        "recover": "recover",
    }
)
"""The lines of a log that a history is made of, and what they are in it."""

_WANTED = re.compile(f'"ev":"(?:{"|".join(KINDS)})"')


class BadLog(ValueError):
    """A log that no node has written. Says which, and where."""


@quick_init
@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """A line of a log, as far as histories go. `at` is in nanoseconds of the machine's clock."""

    at: int
    node: NodeId
    number: int
    kind: EventKind
    value: Value


@dataclass
class LogReader:
    """Reads a log while it is written: each time, the lines that are new."""

    path: Path
    classes: Mapping[str, type]
    _end: int = 0

    def new(self) -> list[LoggedEvent]:
        """Return what the log tells since this was last asked.

        Raises:
            BadLog: a whole line is no line of a log.
        """
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self._end)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._end += len(whole)
        return [told for line in whole.decode().splitlines() if (told := self._told(line))]

    def _told(self, line: str) -> LoggedEvent | None:
        if _WANTED.search(line) is None:
            return None
        try:
            form = json.loads(line)
            value = from_canonical(form.get("body"), self.classes)
            return LoggedEvent(form["t"], form["node"], form["n"], KINDS[form["ev"]], value)
        except (ValueError, KeyError, TypeError) as error:
            raise BadLog(
                f"{self.path}: {line[:120]!r} is no line of a node's log: {error}"
            ) from None


def classes_of(vocabulary: Iterable[type]) -> Mapping[str, type]:
    """Return the classes of a vocabulary by name."""
    return {cls.__name__: cls for cls in vocabulary}


@dataclass(frozen=True)
class LiveHistory:
    """What was told, in order, and the operations in it: called and answered when, and by whom."""

    events: tuple[Event, ...]
    times: tuple[int, ...]
    spans: Mapping[str, LoggedCall] = field(default_factory=dict)

    @property
    def completed(self) -> tuple[LoggedCall, ...]:
        """The operations that were answered."""
        return tuple(span for span in self.spans.values() if span.returned is not None)


@quick_init
@dataclass(frozen=True, slots=True)
class LoggedCall:
    """An operation: who called it, what, and when; and what came of it, when, if anything did."""

    name: str
    node: NodeId
    operation: Value
    called: int
    returned: int | None = None
    result: Value = None


def history_of(told: Sequence[LoggedEvent]) -> LiveHistory:
    """Return the history that logs tell.

    >>> lines = [LoggedEvent(5, "c1", 2, "return", 1), LoggedEvent(3, "c1", 1, "invoke", "read")]
    >>> [event.kind for event in history_of(lines).events], history_of(lines).completed[0].returned
    (['invoke', 'return'], 5)
    """
    ordered = sorted(told, key=lambda line: (line.at, line.node, line.number))
    events: list[Event] = []
    spans: dict[str, LoggedCall] = {}
    open_at: dict[NodeId, str] = {}
    for line in ordered:
        name = _operation(line, open_at, spans)
        if name is None and line.kind == "return":
            continue  # the end of a call that its client had given up
        events.append(
            Event(len(events), len(events), line.kind, line.node, operation=name, value=line.value)
        )
    return LiveHistory(tuple(events), tuple(line.at for line in ordered), spans)


def _operation(
    line: LoggedEvent, open_at: dict[NodeId, str], spans: dict[str, LoggedCall]
) -> str | None:
    """Return the name of the operation that a line is about, and keep account of it."""
    match line.kind:
        case "invoke":
            name = f"o{len(spans) + 1}"
            open_at[line.node] = name
            spans[name] = LoggedCall(name, line.node, line.value, line.at)
            return name
        case "return":
            ended = open_at.pop(line.node, None)
            if ended is not None:
                was = spans[ended]
                spans[ended] = LoggedCall(
                    ended, was.node, was.operation, was.called, line.at, line.value
                )
            return ended
        case "crash" | "recover":
            return open_at.pop(line.node, None)
    return None


def judged(scenario: Scenario, history: LiveHistory) -> tuple[Verdict, ...]:
    """Return the verdicts on a history, the best explanation first."""
    trace = Trace(scenario, (), history.events, ())
    return tuple(answer_of(prop, trace) for prop in scenario.properties)
