"""What all notations of Jepsen histories share: a map per event becomes an event.

Fields: `process` (a number; a keyword such as :nemesis is no client), `type`, `f`, `value`, and
optionally `key` and `index`. Other fields are ignored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from counterpoint.checkers.events import (
    EVENT_TYPES,
    OBSERVING,
    RecordedEvent,
    UnreadableHistory,
    operations,
)
from counterpoint.checkers.history import UNKNOWN
from counterpoint.checkers.readers.case import Case, Cases, Interference, client_name, frozen
from counterpoint.checkers.readers.json_text import read_elements
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, ReadingLimits, excerpt, text_of
from counterpoint.checkers.transactions.history import micro_operations, shape

ANONYMOUS = ""
"""The client of an event without a process."""

TRANSACTIONAL = frozenset({"txn", "read", "write"})
"""Functions whose values may be micro-operations."""

OWN_KINDS = {"read": ("r",), "write": ("w",)}
"""What the micro-operations of a read or a write are; with others among them it is a transaction."""

MESSAGES = frozenset({":send", "send", ":poll", "poll"})

NO_CALLS = "completions without calls: taken in the order of their clients, without times"


@dataclass(frozen=True, slots=True)
class JepsenRecord:
    """One event as its notation gave it: the fields without colons, and the line."""

    line: int
    fields: Mapping[str, object]


def jepsen_case(
    records: Iterable[JepsenRecord], *, source: str, nil_is_unseen: bool = True
) -> Case:
    """Turn the events of one Jepsen history into a case.

    A history that names no process at all is matched by content: a completion belongs to the
    oldest open call of the same function and written values. A history of transactions without any
    call is one of completions alone: in the order of their clients, without times.

    `nil_is_unseen` tells that the answer nil of a read means that nobody saw one.

    Raises:
        UnreadableHistory: an event that lacks a field or contradicts another, or an index that
            contradicts the order of the file.
    """
    events: list[RecordedEvent] = []
    others: list[Interference] = []
    for place, record in enumerate(_in_order(records, source)):
        event = event_of(record, place, source, nil_is_unseen)
        if event is None:
            others.append(_interference(record, len(events) - 0.5, place))
        else:
            events.append(event)
    count = len(events) + len(others)
    if not count:
        raise UnreadableHistory(source, 0, "there is no event in it")
    case = Case(source, "", (), count, interferences=tuple(others))
    if _are_completions(events):
        history = operations(_with_calls(events), source=source)
        return replace(case, history=history, has_real_time=False, notes=(NO_CALLS,))
    return replace(case, history=operations(_named(events, source), source=source))


def _interference(record: JepsenRecord, rank: float, position: int) -> Interference:
    index = record.fields.get("index")
    step = index if isinstance(index, int) else position
    return Interference(rank, step, name_of(record.fields.get("f")))


def _in_order(records: Iterable[JepsenRecord], source: str) -> Iterator[JepsenRecord]:
    """See that indices grow from event to event, where there are any."""
    latest, line = -1, 0
    for record in records:
        index = record.fields.get("index")
        if isinstance(index, int):
            if index <= latest:
                raise UnreadableHistory(
                    source,
                    record.line,
                    f"the index {excerpt(index)} comes after {excerpt(latest)} of line {line}; "
                    "events stand in the order of their indices: sort them, or leave :index out",
                )
            latest, line = index, record.line
        yield record


def _are_completions(events: Sequence[RecordedEvent]) -> bool:
    """Tell whether these are transactions of which no call was written down, as in Elle's examples."""
    done = [event for event in events if event.type == "ok"]
    return (
        bool(done)
        and not any(event.type == "invoke" for event in events)
        and all(micro_operations(event.value) is not None for event in done)
    )


def _with_calls(events: Iterable[RecordedEvent]) -> Iterator[RecordedEvent]:
    """Put a call in front of each completion; a client without a name makes one call."""
    for number, event in enumerate(events):
        named = replace(event, client=event.client or f"call{number}")
        yield replace(named, type="invoke", value=_content(named))
        yield named


def event_of(
    record: JepsenRecord, position: int, source: str, nil_is_unseen: bool = True
) -> RecordedEvent | None:
    """Return the event of a client; None for one of the nemesis and its like.

    Raises:
        UnreadableHistory: a field is missing or has no meaning.
    """
    fields = record.fields
    client = _client(fields.get("process"), record.line, source)
    if client is None:
        return None
    kind = EVENT_TYPES.get(name_of(fields.get("type")))
    if kind is None:
        raise UnreadableHistory(
            source,
            record.line,
            f"an event with the type {_shown(fields.get('type'))}; "
            "right would be invoke, ok, fail or info",
        )
    value = frozen(fields.get("value"))
    f = function_of(fields.get("f"), value, record.line, source)
    index = fields.get("index")
    if value is None:
        value = UNKNOWN if nil_is_unseen and kind == "ok" and f in OBSERVING else None
    else:
        value = value_of(f, kind, value, record.line, source)
    return RecordedEvent(
        client,
        kind,
        f,
        frozen(fields.get("key")),
        value,
        record.line,
        index if isinstance(index, int) else position,
    )


def _client(process: object, line: int, source: str) -> str | None:
    """Name the client of an event; None for the nemesis and its like."""
    if process is None:
        return ANONYMOUS
    if isinstance(process, int) and not isinstance(process, bool):
        return client_name(process)
    if isinstance(process, str) and process:
        return None if process.startswith(":") or process == "nemesis" else process
    raise UnreadableHistory(
        source, line, f"the process {_shown(process)} is neither a number nor a name"
    )


def name_of(value: object) -> str:
    """Return a word without the colon of its notation; "" for what is no word."""
    return value.removeprefix(":") if isinstance(value, str) else ""


def function_of(value: object, shown: Hashable, line: int, source: str) -> str:
    """Name the function of an event; transactions may leave it out, or go by another.

    Raises:
        UnreadableHistory: there is no name.
    """
    name = name_of(value)
    if name in OWN_KINDS:
        micros = micro_operations(shown)
        is_mixed = micros is not None and any(kind not in OWN_KINDS[name] for kind, _, _ in micros)
        return "txn" if is_mixed else name
    if name:
        return name
    if value is None and micro_operations(shown) is not None:
        return "txn"
    raise UnreadableHistory(
        source, line, f"an event with the function {_shown(value)}; right would be :f :read"
    )


def value_of(f: str, kind: str, value: Hashable, line: int, source: str) -> Hashable:
    """Return what a value means under a function: micro-operations get one spelling of their kinds.

    Raises:
        UnreadableHistory: a transaction of anything else.
    """
    micros = micro_operations(value)
    if f == "txn" and micros is None and kind in ("invoke", "ok") and not _are_messages(value):
        raise UnreadableHistory(
            source,
            line,
            f"a transaction with the value {_shown(value)}; "
            "right would be [[:r :x nil] [:w :y 1] [:append :z 2]]",
        )
    return value if micros is None or f not in TRANSACTIONAL else micros


def _named(events: list[RecordedEvent], source: str) -> Iterable[RecordedEvent]:
    """Give each event a client."""
    anonymous = [event for event in events if event.client == ANONYMOUS]
    if not anonymous:
        return events
    if len(anonymous) < len(events):
        raise UnreadableHistory(
            source, anonymous[0].line, "an event without a process; name all of them or none"
        )
    return _matched(events, source)


def _matched(events: list[RecordedEvent], source: str) -> Iterator[RecordedEvent]:
    """Give each call its own client, and each completion that of the call it fits."""
    waiting: dict[tuple[str, Hashable], deque[str]] = {}
    for number, event in enumerate(events):
        content = (event.f, _content(event))
        if event.type == "invoke":
            client = f"call{number}"
            waiting.setdefault(content, deque()).append(client)
        elif waiting.get(content):
            client = waiting[content].popleft()
        else:
            raise UnreadableHistory(
                source, event.line, f"no open call of {event.f} fits this completion"
            )
        yield replace(event, client=client)


def _content(event: RecordedEvent) -> Hashable:
    micros = micro_operations(event.value)
    if micros is not None and event.f in TRANSACTIONAL:
        return shape(micros)
    return None if event.f in OBSERVING else event.value


def _are_messages(value: Hashable) -> bool:
    """Tell whether a transaction sends and polls, as those of Jepsen's Kafka tests do."""
    return isinstance(value, tuple) and all(
        isinstance(item, tuple) and item and item[0] in MESSAGES for item in value
    )


def _shown(value: object) -> str:
    return "missing" if value is None else excerpt(value)


def read_jepsen_json(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read a history of events: an array of maps, or maps one after another.

    Raises:
        UnreadableHistory: not JSON, or not events.
    """
    text = text_of(data, source=source, limits=limits)
    return (jepsen_case(_of_json(text, source, limits), source=source),)


def _of_json(text: str, source: str, limits: ReadingLimits) -> Iterator[JepsenRecord]:
    for line, value in read_elements(text, source=source, limits=limits):
        if not isinstance(value, dict):
            raise UnreadableHistory(
                source,
                line,
                f"{excerpt(value)} is no event; "
                'right would be {"process": 0, "type": "invoke", "f": "read", "value": null}',
            )
        yield JepsenRecord(line, value)
