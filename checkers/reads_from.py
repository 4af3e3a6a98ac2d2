"""Reads-from: sessions laid out, which write each read saw, and which of several it can have been.

Reads with several possible sources: which of them can have been, all taken together.

A checker that knows the source of every read says of one way to match them whether it is right, and
if not, which reads a violation rests on. That rules out every other way that matches those reads
alike; so few ways are tried, and when none is left the violation stands. The choices ruled out are
combined by resolution as in conflict-directed backjumping: Prosser, "Hybrid algorithms for the
constraint satisfaction problem", Computational Intelligence 9(3), 1993.

Sessions laid out for the causal checkers: who did what in which order, and which write it saw.

The rules for answers that are not plain successes, the same for every checker built on this:

- A failed operation surely had no effect and is dropped; reading its value is an aborted read.
- A read without a known result says nothing and is dropped.
- A write that may have had an effect ("info", or never answered) and that nobody saw is dropped:
  it may never have happened, and as a session of its own it would only cost memory. One that was
  seen did happen, after the earlier operations of its client and before those who saw it, but not
  necessarily before the later ones of its client.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from operator import lt
from typing import Generic, TypeVar

from counterpoint.checkers.history import (
    UNKNOWN,
    History,
    MalformedHistory,
    Operation,
    exact,
    exact_history,
)
from counterpoint.model.last_told import LastTold

ReadT = TypeVar("ReadT", bound=Hashable)

STEPS_MAX = 200_000
"""How many choices are made, over all tries, before it is given up."""


@dataclass(frozen=True, slots=True)
class Solution(Generic[ReadT]):
    """The sources that fit, or None.

    Without them `is_cut` tells whether that is unknown; otherwise every way to match the reads
    fails, and `involved` are reads which show that alone. `try_count` ways were tried.
    """

    sources: Mapping[ReadT, int] | None
    is_cut: bool
    involved: frozenset[ReadT]
    try_count: int


def solve(
    choices: Mapping[ReadT, Sequence[int]],
    conflict_of: Callable[[Mapping[ReadT, int]], Collection[ReadT] | None],
    *,
    tries_max: int,
) -> Solution[ReadT]:
    """Find a source for each read, the first of its choices where that fits.

    `conflict_of` judges one way to match all reads: None if it is right, else reads that make it
    wrong whatever the others saw.

    >>> def at_most_one_zero(sources):
    ...     zeros = [read for read, source in sources.items() if source == 0]
    ...     return zeros[:2] if len(zeros) > 1 else None
    >>> solve({"a": (0, 1), "b": (0, 1)}, at_most_one_zero, tries_max=9).sources
    {'a': 0, 'b': 1}
    >>> solve({"a": (0, 1), "b": (0,), "c": (0,)}, at_most_one_zero, tries_max=9).sources is None
    True
    """
    search = _Search(choices)
    for tried in range(1, tries_max + 1):
        sources = search.next_way()
        if sources is None:
            return Solution(None, search.is_cut, frozenset(search.involved), tried - 1)
        conflict = conflict_of(sources)
        if conflict is None:
            return Solution(sources, False, frozenset(search.involved), tried)
        search.rule_out({read: sources[read] for read in conflict})
    return Solution(None, True, frozenset(search.involved), tries_max)


WriteOfRead = Mapping[ReadT, int]


@dataclass(slots=True)
class _Search(Generic[ReadT]):
    """The choices made so far, in the order of the reads, and those ruled out.

    `ruled_out` has each combination under its last read.
    """

    choices: Mapping[ReadT, Sequence[int]]
    order: list[ReadT] = field(init=False)
    place: dict[ReadT, int] = field(init=False)
    chosen: list[int] = field(default_factory=list)
    ruled_out: dict[ReadT, list[dict[ReadT, int]]] = field(default_factory=dict)
    involved: set[ReadT] = field(default_factory=set)
    is_cut: bool = False
    has_failed: bool = False
    steps_left: int = STEPS_MAX

    def __post_init__(self) -> None:
        """Number the reads."""
        self.order = list(self.choices)
        self.place = {read: place for place, read in enumerate(self.order)}

    def rule_out(self, combination: dict[ReadT, int]) -> None:
        """Note that these choices do not fit together; go back to the last of them."""
        self.involved.update(combination)
        self._add(combination)

    def _add(self, combination: dict[ReadT, int]) -> None:
        if not combination:
            self.has_failed = True
            return
        last = max(combination, key=self.place.__getitem__)
        self.ruled_out.setdefault(last, []).append(combination)
        del self.chosen[self.place[last] :]

    def next_way(self) -> dict[ReadT, int] | None:
        """Return the next combination that is not ruled out; None if there is none, or no time."""
        while not self.has_failed and len(self.chosen) < len(self.order):
            self.steps_left -= 1
            if self.steps_left < 0:
                self.is_cut = True
                return None
            read = self.order[len(self.chosen)]
            reasons: list[dict[ReadT, int]] = []
            for source in self.choices[read]:
                reason = self._refused(read, source)
                if reason is None:
                    self.chosen.append(source)
                    break
                reasons.append(reason)
            else:
                self._add({r: s for reason in reasons for r, s in reason.items() if r != read})
        if self.has_failed:
            return None
        return dict(zip(self.order, self.chosen, strict=True))

    def _refused(self, read: ReadT, source: int) -> dict[ReadT, int] | None:
        """Return a combination that this choice would complete."""
        for combination in self.ruled_out.get(read, ()):
            if combination[read] == source and all(
                other == read or self.chosen[self.place[other]] == chosen
                for other, chosen in combination.items()
            ):
                return combination
        return None


INITIAL = -1
"""The source of a read that returned the initial value."""

NO_READ = -2
"""The source of a write."""

UNMATCHED = -3
"""The source of a read that more than one write can explain; it constrains nothing."""


KEPT_MAX = 1_000
"""Of a history that is no longer, as those of runs are, the reads stay matched for the next who asks."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Operations laid out session by session, every read matched with the write that it saw.

    Session t is `operations[starts[t]:starts[t + 1]]`, in its order. `source[i]` is the index of
    the write that operation i read from, or `INITIAL`, `NO_READ`, `UNMATCHED`. `forks[i]` is the
    index that operation i follows when it opens a session of its own: see `lay_out`.
    """

    operations: tuple[Operation, ...]
    starts: tuple[int, ...]
    session_of: tuple[int, ...]
    source: tuple[int, ...]
    forks: Mapping[int, int]

    @property
    def session_count(self) -> int:
        """How many sessions there are, forks included."""
        return len(self.starts) - 1

    @property
    def read_count(self) -> int:
        """How many reads are matched with what they saw."""
        return sum(1 for source in self.source if source >= INITIAL)

    def in_session_order(self, before: int, after: int) -> bool:
        """Tell whether the session itself puts one operation before the other."""
        if self.session_of[before] == self.session_of[after]:
            return before < after
        follows = self.forks.get(self.starts[self.session_of[after]])
        return follows is not None and (before == follows or self.in_session_order(before, follows))


@dataclass(frozen=True, slots=True)
class Matching:
    """What is known of the reads of a history.

    `orphans` are reads of values that no write can explain; `choices` the possible sources of
    each ambiguous read, which is `UNMATCHED` in `sessions`; `aborted` the failed writes.
    """

    sessions: Sessions
    orphans: tuple[int, ...]
    choices: Mapping[int, tuple[int, ...]]
    aborted: Mapping[tuple[Hashable, Hashable], Operation]

    def with_sources(self, chosen: Mapping[int, int]) -> Sessions:
        """Match ambiguous reads with these sources."""
        source = list(self.sessions.source)
        for index, write in chosen.items():
            source[index] = write
        return replace(self.sessions, source=tuple(source))

    def possible(self, index: int) -> tuple[int, ...]:
        """The writes that an operation can have read from, and the initial value."""
        return self.choices.get(index, (self.sessions.source[index],))


def match_reads(history: History, *, initial: Hashable = None) -> Matching:
    """Lay a history of reads and writes out by session and find the write behind every read.

    `initial` is the value of every key before it is written. A client is a session; its order is
    the order of its calls.

    Raises:
        MalformedHistory: two calls of one client at the same instant.
        ValueError: an operation that is neither a read nor a write.
    """
    if len(history) > KEPT_MAX or type(history) is not tuple:
        return _matched(history, initial)
    return _LAST.told(history, initial, _matched)


_LAST: LastTold[History, Hashable, Matching] = LastTold()


def _matched(history: History, initial: Hashable) -> Matching:
    history, initial = exact_history(history), exact(initial)
    aborted = {
        (op.key, op.argument): op for op in history if op.status == "fail" and op.f == "write"
    }
    operations, starts, forks = lay_out(history)
    session_of = tuple(
        session for session, (first, end) in enumerate(pairwise(starts)) for _ in range(first, end)
    )
    source, orphans, choices = _sources(operations, initial)
    sessions = Sessions(operations, starts, session_of, source, forks)
    return Matching(sessions, orphans, choices, aborted)


def lay_out(history: History) -> tuple[tuple[Operation, ...], tuple[int, ...], dict[int, int]]:
    """Return the operations that count, session by session, where each session starts, and forks.

    A write that may have happened late, and whose client went on, opens a session of its own, as
    if another process had been left behind to finish it: a fork.
    """
    doubtful = [op for op in history if not op.is_answered]
    seen = (
        {(op.key, op.result) for op in history if op.f == "read" and op.is_answered}
        if doubtful
        else set()
    )
    dropped = {id(op) for op in doubtful if not _may_count(op, seen)}
    sessions: list[list[Operation]] = []
    late: list[tuple[Operation, Operation | None]] = []
    for calls in _by_client(history):
        kept = [op for op in calls if id(op) not in dropped] if dropped else calls
        if doubtful:
            late.extend(_forked(kept))
            kept = [op for op in kept[:-1] if not _may_be_late(op)] + kept[-1:]
        if kept:
            sessions.append(kept)
    sessions.extend([op] for op, _ in late)
    operations = tuple(op for session in sessions for op in session)
    starts = (0, *accumulate(len(session) for session in sessions))
    return operations, starts, _fork_indexes(operations, late)


def _by_client(history: History) -> Iterable[list[Operation]]:
    """The calls of each client, in call order, without the reads whose results are not known."""
    clients: dict[str, list[Operation]] = {}
    for op in history:
        if op.result is not UNKNOWN or op.f != "read":
            clients.setdefault(op.client, []).append(op)
    for client, calls in clients.items():
        times = [op.called for op in calls]
        if not all(map(lt, times, times[1:])):
            calls.sort(key=lambda op: op.called)
            _refuse_ties(client, calls)
        yield calls


def _refuse_ties(client: str, calls: list[Operation]) -> None:
    for op, following in pairwise(calls):
        if op.called == following.called:
            raise MalformedHistory(
                f"{client} called {op.id} and {following.id} both at {op.called}; "
                "a session makes one call at a time"
            )


def _may_be_late(op: Operation) -> bool:
    return op.status == "info" or op.is_open


def _may_count(op: Operation, seen: set[tuple[Hashable, Hashable]]) -> bool:
    """Tell whether an operation without a plain answer can contradict anything."""
    _refuse_others(op)
    return op.status != "fail" and op.f == "write" and (op.key, op.argument) in seen


def _refuse_others(op: Operation) -> None:
    if op.f not in ("read", "write"):
        raise ValueError(f"{op.id} is a {op.f!r}; only reads and writes are understood here")


def _forked(kept: list[Operation]) -> Iterable[tuple[Operation, Operation | None]]:
    """Each late write before the last operation, with the last sure operation before it."""
    previous: Operation | None = None
    for op in kept[:-1]:
        if _may_be_late(op):
            yield op, previous
        else:
            previous = op


def _fork_indexes(
    operations: tuple[Operation, ...], late: list[tuple[Operation, Operation | None]]
) -> dict[int, int]:
    if not late:
        return {}
    index_of = {id(op): index for index, op in enumerate(operations)}
    return {index_of[id(op)]: index_of[id(before)] for op, before in late if before is not None}


CandidateWrites = dict[int, tuple[int, ...]]


def _sources(
    operations: tuple[Operation, ...], initial: Hashable
) -> tuple[tuple[int, ...], tuple[int, ...], CandidateWrites]:
    """Return the source of every operation, the orphans, and the choices of ambiguous reads."""
    writers, shared = _writers(operations)
    source: list[int] = []
    orphans: list[int] = []
    choices: CandidateWrites = {}
    nobody: dict[Hashable, int] = {}
    for index, op in enumerate(operations):
        if op.f == "write":
            source.append(NO_READ)
            continue
        found = writers.get(op.key, nobody).get(op.result, UNMATCHED)
        if op.result == initial:
            if found >= 0:
                choices[index] = (INITIAL, *shared.get((op.key, op.result), (found,)))
                found = UNMATCHED
            else:
                found = INITIAL
        elif found < 0:
            orphans.append(index)
        elif shared and (op.key, op.result) in shared:
            choices[index] = tuple(shared[op.key, op.result])
            found = UNMATCHED
        source.append(found)
    return tuple(source), tuple(orphans), choices


Writers = dict[Hashable, dict[Hashable, int]]


def _writers(
    operations: tuple[Operation, ...],
) -> tuple[Writers, dict[tuple[Hashable, Hashable], list[int]]]:
    """The first write of each value of each key, and all writes of values written repeatedly."""
    writers: Writers = {}
    shared: dict[tuple[Hashable, Hashable], list[int]] = {}
    for index, op in enumerate(operations):
        if op.f == "write":
            first = writers.setdefault(op.key, {}).setdefault(op.argument, index)
            if first != index:
                shared.setdefault((op.key, op.argument), [first]).append(index)
        elif op.f != "read":
            _refuse_others(op)
    return writers, shared
