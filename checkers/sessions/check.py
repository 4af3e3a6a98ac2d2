"""Are the session guarantees kept: read your writes, monotonic reads and writes, and their kin?

>>> from counterpoint.checkers.judging import Pattern
>>> from counterpoint.checkers.history import Operation
>>> history = (
...     Operation("o1", "alice", "write", "x", 1, None, 1, 2),
...     Operation("o2", "alice", "write", "x", 2, None, 3, 4),
...     Operation("o3", "bob", "read", "x", None, 2, 5, 6),
...     Operation("o4", "bob", "read", "x", None, 1, 7, 8),
... )
>>> check_sessions(history, guarantees=("MR",)).outcome.value
'holds'
>>> verdict = check_sessions(history)
>>> verdict.find(Pattern), verdict.culprits
(Pattern(pattern='MR+MW'), ('o1', 'o2', 'o3', 'o4'))

A small core is explained by a shortest cycle, and by the guarantees that it needs.

Properties of sessions as automata: what each client did in its own order, and nothing else.

Causal consistency and the session guarantees do not depend on real time: only on the order of each
session, and on who saw which write. So an exploration need not remember how sessions interleaved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar, NamedTuple, TypeAlias

from counterpoint.checkers.causal.conflicts import writes_by_key
from counterpoint.checkers.causal.reasons import (
    Reasons,
    conflict_link,
    initial_link,
    opposing_demands,
    same_key,
)
from counterpoint.checkers.columns import is_worth_it
from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation
from counterpoint.checkers.links import (
    Graph,
    Precedence,
    content,
    deed,
    graph,
    program_link,
    reads_from_link,
    shortest_chain,
    shortest_cycle,
    story,
)
from counterpoint.checkers.matchings import SessionSteps, judge
from counterpoint.checkers.operations import OperationView, Seen
from counterpoint.checkers.reads_from import INITIAL, Sessions, match_reads
from counterpoint.checkers.sessions.judge import (
    ALL,
    EVERYBODY,
    Guarantee,
    Guarantees,
    SessionJudgement,
    judge_guarantees,
    observers,
    own_order,
    rule_between,
)
from counterpoint.model.observer import Observation
from counterpoint.model.values import Value
from counterpoint.model.verdict import Verdict, holds

WORDS: dict[Guarantee, str] = {
    "RYW": "read your writes",
    "MR": "monotonic reads",
    "MW": "monotonic writes",
    "WFR": "writes follow reads",
}


Support = Mapping[Precedence, list[Precedence]]
"""For each demand on the order of writes, the path on which it rests."""


Story = tuple[str, list[Precedence]]
"""A summary, and the cycle that it is about."""


def explain_guarantees(sessions: Sessions, chosen: Guarantees, *, convergent: bool) -> Reasons:
    """Say why these few operations break guarantees all of which it takes to break them."""
    order = graph(_links(sessions, chosen))
    cycle = shortest_cycle(order)
    found = (
        [_circle(sessions, cycle, {})]
        if cycle is not None
        else [
            *_initial_reads(sessions, order),
            *_no_order(sessions, order, chosen, convergent=convergent),
        ]
    )
    assert found, f"no cycle in a core that breaks {sorted(chosen)}"
    summary, links = min(found, key=lambda candidate: len(candidate[1]))
    pattern = "+".join(guarantee for guarantee in WORDS if guarantee in chosen)
    return Reasons(pattern, summary, links, tuple(link.reason for link in links))


def _links(sessions: Sessions, chosen: Guarantees) -> Iterator[Precedence]:
    """Every reads-from link, and every link that a chosen guarantee makes."""
    operations = sessions.operations
    for read, source in enumerate(sessions.source):
        if source >= 0:
            yield reads_from_link(operations, source, read)
    for after, later in enumerate(operations):
        for before, earlier in enumerate(operations):
            rule = rule_between(earlier.f == "write", later.f == "write")
            if rule in chosen and sessions.in_session_order(before, after):
                yield program_link(operations, before, after, rule)


def _initial_reads(sessions: Sessions, order: Graph) -> Iterator[Story]:
    operations = sessions.operations
    for lost, kept, read in same_key(sessions):
        known = shortest_chain(order, lost, read) if kept == INITIAL else None
        if known is not None:
            summary = (
                f"{deed(operations[read])}, the initial value, although "
                f"{content(operations[lost])} was visible: {story(operations, known)}"
            )
            yield summary, [*known, initial_link(sessions, known)]


def _no_order(
    sessions: Sessions, order: Graph, chosen: Guarantees, *, convergent: bool
) -> Iterator[Story]:
    """The shortest cycle of demands for each observer, or for everybody at once."""
    demands: dict[int, dict[Precedence, list[Precedence]]] = {}
    for lost, kept, read in same_key(sessions):
        known = shortest_chain(order, lost, read)
        if kept >= 0 and known is not None:
            observer = EVERYBODY if convergent else sessions.session_of[read]
            demands.setdefault(observer, {})[conflict_link(sessions, known, kept)] = known
    for observer, reads in observers(sessions, convergent=convergent).items():
        support = demands.get(observer, {})
        own = _own_links(sessions, chosen, reads)
        everything = [link for links in order.values() for link in links]
        cycle = shortest_cycle(graph([*everything, *own, *support]))
        if cycle is not None:
            yield _circle(sessions, cycle, support)


def _own_links(
    sessions: Sessions, chosen: Guarantees, reads: Iterable[int]
) -> Iterator[Precedence]:
    writes = writes_by_key(sessions)
    for earlier, later, _ in own_order(sessions, chosen, writes, sorted(reads)):
        yield program_link(sessions.operations, earlier, later, "RYW")


def _circle(sessions: Sessions, cycle: list[Precedence], support: Support) -> Story:
    operations = sessions.operations
    demands = [link for link in cycle if link in support]
    if not demands:
        summary = f"each of these comes before the next, in a circle: {story(operations, cycle)}"
    elif len(demands) == 1:
        place = cycle.index(demands[0])
        cycle = [*cycle[place + 1 :], *cycle[: place + 1]]
        known = support[demands[0]]
        read, lost = operations[known[-1].after], operations[demands[0].before]
        summary = (
            f"{deed(read)} although {content(lost)} comes later: {story(operations, cycle[:-1])}; "
            f"and was visible: {story(operations, known)}"
        )
    else:
        summary = f"no order of the writes suits the reads: {opposing_demands(sessions, cycle)}"
    return summary, cycle


GUARANTEES: tuple[Guarantee, ...] = ("RYW", "MR", "MW", "WFR")
"""The four guarantees, in the order in which verdicts name them; together they are causal order."""


def check_sessions(
    history: History,
    *,
    guarantees: Collection[Guarantee] = GUARANTEES,
    convergent: bool = False,
    initial: Hashable = None,
    matchings_max: int | None = None,
) -> Verdict:
    """Tell whether a history of "read" and "write" operations keeps the guarantees, all at once.

    They hold when the writes can be ordered, for each session that reads on its own, or with
    `convergent` for all sessions together, so that each read returns the last of the writes that
    must be visible to it, or a later one that need not be: see `session_order`. A single guarantee
    is hard to break; MR alone hardly can be. its `Pattern` names those that a violation
    needs. A client is a session; `initial` comes before every write.

    `examined` counts the reads that were judged; without any the verdict is UNDECIDED, and so it
    is where none of `matchings_max` ways to match reads with writes fits and there are more.

    Raises:
        MalformedHistory: two calls of one client at the same instant.
        ValueError: an operation that is neither a read nor a write, or no such guarantee.
    """
    chosen = _known(guarantees)
    name = property_name(chosen, convergent=convergent)
    if chosen == ALL and is_worth_it(len(history)):
        from counterpoint.checkers.columns.check import holds_for_sessions

        verdict = holds_for_sessions(history, initial, name, convergent=convergent)
        if verdict is not None:
            return verdict
    matching = match_reads(history, initial=initial)
    kept = _KeepsGuarantees(name, chosen, convergent)
    return judge(SessionSteps(name, matching, kept), tries_max=matchings_max)


@dataclass(frozen=True, slots=True)
class _KeepsGuarantees:
    """Some guarantees, for sessions whose reads are matched."""

    name: str
    chosen: Guarantees
    convergent: bool

    def decide(self, sessions: Sessions) -> SessionJudgement:
        """Decide the guarantees."""
        return judge_guarantees(sessions, self.chosen, convergent=self.convergent)

    def holds(self, sessions: Sessions, decision: SessionJudgement) -> Verdict:
        """Return the verdict with its witness."""
        witness = _witness(sessions, decision)
        return holds(self.name, examined=sessions.read_count, witness=witness)

    def explain(self, core: Sessions) -> Reasons:
        """Explain a smallest core."""
        return _explained(core, self.chosen, convergent=self.convergent)


def property_name(chosen: Guarantees, *, convergent: bool = False) -> str:
    """What verdicts call these guarantees.

    >>> property_name(frozenset({"MR"})), property_name(frozenset({"MW", "MR"}), convergent=True)
    ('monotonic reads', 'session guarantees MR, MW, convergent')
    """
    listed = [guarantee for guarantee in GUARANTEES if guarantee in chosen]
    words = f"session guarantees {', '.join(listed)}" if len(listed) > 1 else WORDS[listed[0]]
    return f"{words}, convergent" if convergent else words


def _known(guarantees: Collection[Guarantee]) -> Guarantees:
    chosen = frozenset(guarantees)
    if not chosen or not chosen <= ALL:
        raise ValueError(
            f"choose session guarantees from {', '.join(GUARANTEES)}, not {guarantees!r}"
        )
    return chosen


def _witness(sessions: Sessions, judgement: SessionJudgement) -> tuple[str, ...]:
    """The order of writes that suits everybody, where there is but one."""
    if len(judgement.orders) != 1:
        return ()
    (order,) = judgement.orders.values()
    return tuple(sessions.operations[index].id for index in order)


def _explained(core: Sessions, chosen: Guarantees, *, convergent: bool) -> Reasons:
    """Shrink the guarantees, and explain what is left."""

    def is_broken(guarantees: Guarantees) -> bool:
        return bool(judge_guarantees(core, guarantees, convergent=convergent).core)

    needed = next(some for some in _subsets(chosen) if is_broken(some))
    return explain_guarantees(core, needed, convergent=convergent)


def _subsets(chosen: Guarantees) -> Iterator[Guarantees]:
    """All sets of these guarantees, small ones first."""
    listed = [guarantee for guarantee in GUARANTEES if guarantee in chosen]
    for size in range(1, len(listed) + 1):
        yield from map(frozenset, combinations(listed, size))


class SessionCall(NamedTuple):
    """An operation; `answer` is empty until there is one, then a 1-tuple of the result."""

    operation: Value
    answer: tuple[Value, ...] = ()


CallsByClient: TypeAlias = tuple[tuple[str, tuple[SessionCall, ...]], ...]
"""The calls of each client, by its name, sorted."""


@dataclass(frozen=True)
class OfSessions:
    """A property of histories that real time plays no part in.

    `check` judges a history in which any two calls of different clients are concurrent.
    """

    notes_may_swap: ClassVar[bool] = True

    check: Callable[[History], Verdict]
    view: OperationView

    @property
    def initial(self) -> CallsByClient:
        """No calls."""
        return ()

    def observe(self, memory: Value, seen: Sequence[Observation]) -> CallsByClient:
        """Record calls and answers, each in its session."""
        assert isinstance(memory, tuple)
        sessions: dict[str, tuple[SessionCall, ...]] = dict(memory)
        for observation in seen:
            calls = sessions.get(observation.node, ())
            if observation.kind == "invoke":
                sessions[observation.node] = (*calls, SessionCall(observation.value))
            elif observation.kind == "return":
                last = calls[-1]._replace(answer=(observation.value,))
                sessions[observation.node] = (*calls[:-1], last)
        return tuple(sorted(sessions.items()))

    def is_broken(self, memory: Value) -> bool:
        """Judge what the sessions did so far."""
        assert isinstance(memory, tuple)
        return self.check(history_of(memory, self.view)).is_broken


def history_of(sessions: CallsByClient, view: OperationView) -> History:
    """Return sessions as a history in which the k-th call of each takes place at the same time.

    >>> from counterpoint.checkers.operations import Seen
    >>> sessions = (("alice", (SessionCall("x", (1,)),)), ("bob", (SessionCall("y"),)))
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
