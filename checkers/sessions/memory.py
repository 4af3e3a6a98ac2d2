"""Properties of sessions as automata: what each client did in its own order, and nothing else.

Causal consistency and the session guarantees do not depend on real time: only on the order of each
session, and on who saw which write. So an exploration need not remember how sessions interleaved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation
from counterpoint.checkers.operations import Seen, View
from counterpoint.model.observer import Observation
from counterpoint.model.values import Value
from counterpoint.model.verdict import Verdict


class Call(NamedTuple):
    """An operation; `answer` is empty until there is one, then a 1-tuple of the result."""

    operation: Value
    answer: tuple[Value, ...] = ()


Sessions: TypeAlias = tuple[tuple[str, tuple[Call, ...]], ...]
"""The calls of each client, by its name, sorted."""


@dataclass(frozen=True)
class OfSessions:
    """A property of histories that real time plays no part in.

    `check` judges a history in which any two calls of different clients are concurrent.
    """

    check: Callable[[History], Verdict]
    view: View

    @property
    def initial(self) -> Sessions:
        """No calls."""
        return ()

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Sessions:
        """Record calls and answers, each in its session."""
        assert isinstance(memory, tuple)
        sessions: dict[str, tuple[Call, ...]] = dict(memory)
        for observation in seen:
            calls = sessions.get(observation.node, ())
            if observation.kind == "invoke":
                sessions[observation.node] = (*calls, Call(observation.value))
            elif observation.kind == "return":
                last = calls[-1]._replace(answer=(observation.value,))
                sessions[observation.node] = (*calls[:-1], last)
        return tuple(sorted(sessions.items()))

    def is_broken(self, memory: Value) -> bool:
        """Judge what the sessions did so far."""
        assert isinstance(memory, tuple)
        return self.check(history_of(memory, self.view)).is_broken


def history_of(sessions: Sessions, view: View) -> History:
    """Return sessions as a history in which the k-th call of each takes place at the same time.

    >>> from counterpoint.checkers.operations import Seen
    >>> sessions = (("alice", (Call("x", (1,)),)), ("bob", (Call("y"),)))
    >>> [(o.client, o.key, o.result, o.called) for o in history_of(sessions, lambda asked, result:
    ...     Seen("read", asked, None, result))]
    [('alice', 'x', 1, 0), ('bob', 'y', UNKNOWN, 0)]
    """
    found = []
    for client, calls in sessions:
        for place, call in enumerate(calls):
            seen = view(call.operation, call.answer[0] if call.answer else UNKNOWN)
            if seen is not None:
                found.append(_operation(client, place, Seen(*seen), is_open=not call.answer))
    return tuple(sorted(found, key=lambda op: op.called))


def _operation(client: str, place: int, seen: Seen, *, is_open: bool) -> Operation:
    return Operation(
        id=f"{client}.{place + 1}",
        client=client,
        f=seen.f,
        key=seen.key,
        argument=seen.argument,
        result=UNKNOWN if is_open else seen.result,
        called=2 * place,
        returned=OPEN if is_open else 2 * place + 1,
        status="info" if is_open else seen.status,
    )
