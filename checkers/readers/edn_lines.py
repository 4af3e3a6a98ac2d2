"""The common shape of Jepsen's histories, read in bulk: a flat map on each line, its keys in one order.

    {:process 0, :type :invoke, :f :read, :value nil, :time 17, :index 4}

The first line tells which keys there are; a regular expression for that order then reads a few
megabytes at a time. A line of another shape (a nemesis with a map, an :error, another order) goes to
the exact reader alone. Whatever may be an error, or spreads over lines, makes this decline, and the
exact reader reads the whole text: the results are the same, which a test compares.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import lt

from counterpoint.checkers.events import OBSERVING, EventType, UnreadableHistory
from counterpoint.checkers.history import UNKNOWN
from counterpoint.checkers.readers.bulk import Remembered
from counterpoint.checkers.readers.case import ATOMS, Case, Cases, client_name, frozen
from counterpoint.checkers.readers.edn import read_edn_value
from counterpoint.checkers.readers.event_columns import NOBODY, EventColumns, paired
from counterpoint.checkers.readers.jepsen_edn import exact_case, record_of
from counterpoint.checkers.readers.jepsen_events import event_of, function_of, name_of, value_of
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, ReadingLimits, text_of

CHUNK_CHARS = 2**22
"""How much text is taken apart at a time: its pieces need ten times as much memory."""

DEPTH_MIN = 8
"""So deep this may look; where less is allowed, the exact reader counts."""

_IN = r'[^\[\](){}"\\;#\n]'
_VECTOR = rf"\[(?:{_IN}|\[(?:{_IN}|\[{_IN}*+\])*+\])*+\]"
_VALUE = rf'(?:[^\s,;"\[\](){{}}\\#][^\s,;"\[\](){{}}]*+|"[^"\\\n]*+"|{_VECTOR})'
_IGNORED = r'(?:-?\d{1,18}(?:\.\d{1,18})?|nil|true|false|:[A-Za-z][\w./-]*+|"[^"\\\n]*+")'
_LOOKED_AT = {
    "process": r"(?:\d{1,18}|:[A-Za-z][\w.-]*+)",
    "type": r":(?:invoke|ok|fail|info)",
    "f": r":[A-Za-z][^\s,;\"\[\](){}\\#]*+",
    "value": _VALUE,
    "key": _VALUE,
    "index": r"\d{1,18}",
}
_TAG = r"(?:\#jepsen\.history\.Op\s*+)?+"
_ENTRY = re.compile(rf":([\w-]+) ++{_VALUE}[ ,]*+")
_MAP = re.compile(rf"[\s,]*+{_TAG}\{{ *+((?:{_ENTRY.pattern.replace('(', '(?:', 1)})*+)\}}")
_SIMPLE = re.compile(r"(?:-?(?:0|[1-9]\d{0,17})|:[a-z]++|nil|true|false|[\[\]]| )*+")
_KEYWORD = re.compile(r":[a-z]++")
_INTEGER = re.compile(r"-?\d{1,18}")


class _Atoms(Remembered[Hashable]):
    """What each spelling of an atom means. Vectors hardly ever come again, and are not kept."""

    def __missing__(self, word: str) -> Hashable:
        if word.startswith("["):
            return self._meaning(word)
        is_short = len(word) < 19 and word.isascii() and word.isdigit()
        value = self[word] = int(word) if is_short else self._meaning(word)
        return value


def read_jepsen_edn(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read a history of events in EDN.

    Raises:
        UnreadableHistory: not EDN, or not events.
    """
    text = text_of(data, source=source, limits=limits)
    quick = read_edn_lines(text, source=source, limits=limits)
    return (exact_case(text, source=source, limits=limits) if quick is None else quick,)


def read_edn_lines(text: str, *, source: str, limits: ReadingLimits) -> Case | None:
    """Read a text of the common shape; None where it is of another, or may be wrong."""
    start, end = _inside(text)
    first = _MAP.match(text, start)
    if first is None:
        return None
    keys = _ENTRY.findall(first[1])
    if not {"process", "type", "f"} <= set(keys) or len(set(keys)) != len(keys):
        return None
    if limits.depth_max < DEPTH_MIN:
        return None
    reading = _LinesReading(source, limits, tuple(keys))
    for chunk in _chunks(text, start, end):
        limits.progress(chunk[0], len(text))
        if not reading.take(text, *chunk):
            return None
    return reading.case()


def _inside(text: str) -> tuple[int, int]:
    """Return where the lines begin and end, without a vector or list around all of them."""
    start, end = 0, len(text)
    while start < end and text[start] in " \t\r\n":
        start += 1
    while end > start and text[end - 1] in " \t\r\n":
        end -= 1
    if end - start >= 2 and text[start] + text[end - 1] in ("[]", "()"):
        return start + 1, end - 1
    return start, end


def _chunks(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Walk pieces of whole lines."""
    while start < end:
        stop = (
            text.rfind("\n", start, start + CHUNK_CHARS) + 1 if start + CHUNK_CHARS < end else end
        )
        if stop <= start:
            stop = end
        yield start, stop
        start = stop


@dataclass(slots=True)
class _LinesReading:
    """One walk over a text: how its lines look, and the events so far."""

    source: str
    limits: ReadingLimits
    keys: tuple[str, ...]
    events: EventColumns = field(default_factory=EventColumns)
    count: int = 0
    latest_index: int = -1
    line: re.Pattern[str] = field(init=False)
    values: _Atoms = field(init=False)
    clients: Remembered[str] = field(init=False)

    def __post_init__(self) -> None:
        entries = "[ ,]++".join(
            f":{key} ++" + (f"({_LOOKED_AT[key]})" if key in _LOOKED_AT else _IGNORED)
            for key in self.keys
        )
        blanks = r"[ \t\r,]*+$"
        self.line = re.compile(
            rf"[\s,]*+{_TAG}\{{ *+{entries} *+\}}{blanks}|[\s,]*+(\S.*+)$", re.MULTILINE
        )
        self.values = _Atoms(self.value)
        self.clients = Remembered(_client)

    def value(self, word: str) -> Hashable:
        if not word:
            return None
        if _INTEGER.fullmatch(word):
            return int(word)
        if word[0] == "[" and _SIMPLE.fullmatch(word):
            spelled = _KEYWORD.sub(r'"\g<0>"', word).replace(" ", ",").replace("nil", "null")
            try:
                return frozen(json.loads(spelled))
            except ValueError:
                pass  # two blanks, or none: the exact reader knows
        value, _ = read_edn_value(word, source=self.source, limits=self.limits)
        return frozen(value)

    def take(self, text: str, start: int, end: int) -> bool:
        """Read the lines of a piece; False where the exact reader must have its say."""
        rows = self.line.findall(text, start, end)
        if not rows:
            return True
        try:
            self.take_rows(rows)
        except (UnreadableHistory, _Declined):
            return False
        return True

    def take_rows(self, rows: Sequence[tuple[str, ...]]) -> None:
        *captured, others = zip(*rows, strict=True)
        words = dict(zip((key for key in self.keys if key in _LOOKED_AT), captured, strict=True))
        taken = EventColumns(
            list(map(self.clients.__getitem__, words["process"])),
            list(map(_TYPES.__getitem__, words["type"])),
            [word[1:] for word in words["f"]],
            list(map(self.values.__getitem__, words.get("key", repeat("", len(rows))))),
            list(map(self.values.__getitem__, words.get("value", repeat("", len(rows))))),
            list(range(self.count, self.count + len(rows))),
        )
        indices: list[int | None] = [
            int(word) if word else None for word in words.get("index", repeat("", len(rows)))
        ]
        _make_values(taken)
        for place, other in enumerate(others):
            if other:
                indices[place] = self.put_other(taken, place, other)
        self.put_indices(taken, indices)
        self.count += len(rows)
        self.events.extend(taken)

    def put_other(self, taken: EventColumns, place: int, line: str) -> int | None:
        """Read a line of another shape, put its event in its place, and return its index."""
        value, rest = read_edn_value(line, source=self.source, limits=self.limits)
        if rest.strip(" \t\r,") or not isinstance(value, dict | tuple) or not value:
            raise _Declined
        record = record_of(value, 0, self.source)
        event = event_of(record, self.count + place, self.source)
        if event is not None and event.client == NOBODY:
            raise _Declined  # no process at all: who did what is for the exact reader to match
        taken.put(place, event, name_of(record.fields.get("f")))
        index = record.fields.get("index")
        return index if isinstance(index, int) else None

    def put_indices(self, taken: EventColumns, indices: Sequence[int | None]) -> None:
        """Let the indices be the steps of their events; they must grow."""
        known = [index for index in indices if index is not None]
        if not known:
            return
        if not all(map(lt, [self.latest_index, *known], known)):
            raise _Declined
        self.latest_index = known[-1]
        if len(known) == len(indices):
            taken.steps = known
            return
        taken.steps = [
            step if index is None else index
            for step, index in zip(taken.steps, indices, strict=True)
        ]

    def case(self) -> Case | None:
        history = paired(self.events.of_clients())
        if history is None:
            return None
        others = self.events.interferences()
        return Case(self.source, "", history, self.count, interferences=others)


class _Declined(Exception):
    """This text is for the exact reader."""


_TYPES: Mapping[str, EventType] = {
    "": "info",
    ":invoke": "invoke",
    ":ok": "ok",
    ":fail": "fail",
    ":info": "info",
}


def _client(word: str) -> str:
    """Name the client; nobody for the nemesis, and for a line that is still to be read."""
    return client_name(int(word)) if word[:1].isdigit() else ""


def _make_values(taken: EventColumns) -> None:
    """Give values their meaning, which depends on the function and the kind of the event."""
    types, functions, values = taken.types, taken.functions, taken.values
    for place, value in enumerate(values):
        if value is None:
            if types[place] == "ok" and functions[place] in OBSERVING:
                values[place] = UNKNOWN
        elif type(value) not in ATOMS or functions[place] == "txn":
            f = function_of(functions[place], value, 0, "")
            functions[place] = f
            values[place] = value_of(f, types[place], value, 0, "")
