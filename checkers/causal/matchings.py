"""What several possible matchings of reads and writes say together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from counterpoint.checkers.causal.levels import restrict, smallest
from counterpoint.checkers.evidence import Pattern
from counterpoint.checkers.judging import shrink
from counterpoint.checkers.links import deed, label, named, pair
from counterpoint.checkers.reads_from import INITIAL, Matching, Sessions, Solution, solve
from counterpoint.model.verdict import Verdict, broken, said, undecided

TRIES_MIN = 64
OPERATIONS_TRIED_MAX = 2_000_000
"""How many matchings are judged unless told otherwise: so many operations in all, some seconds."""

SHRINK_TRIES_MAX = 200
"""How many matchings of a smaller core are tried before it is left as it is."""


class Decision(Protocol):
    """What a property says of matched sessions."""

    @property
    def core(self) -> Collection[int]:
        """Positions of operations that fail alone; none where the property holds."""


Decided = TypeVar("Decided", bound=Decision)


class Judge(Protocol[Decided]):
    """A property of sessions in which every read is matched."""

    def decide(self, sessions: Sessions) -> Decided:
        """Decide the property."""

    def holds(self, sessions: Sessions, decision: Decided) -> Verdict:
        """Return the verdict on sessions of which no operations fail."""

    def broken(self, core: Sessions) -> Verdict:
        """Explain a core from which nothing can be removed."""


def judge_matchings(
    name: str, matching: Matching, judge: Judge[Decided], *, matchings_max: int | None
) -> Verdict:
    """Judge a history under the ways to match its ambiguous reads, as far as needed.

    It holds when it holds under one of them, and is broken when it is broken under all, which is
    sure already when it is broken without those reads.
    """
    if matching.orphans:
        return orphan(name, matching)
    sessions = matching.sessions
    examined = sum(op.f == "read" for op in sessions.operations)
    unambiguous = without(sessions, matching.choices) if matching.choices else sessions
    decision = judge.decide(unambiguous)
    if decision.core:
        return _shrunk(unambiguous, decision.core, judge, examined)
    if not matching.choices:
        return judge.holds(sessions, decision)
    many = max(TRIES_MIN, OPERATIONS_TRIED_MAX // len(sessions.operations))
    ways = _Ways(matching, judge)
    found = solve(
        _likely_first(matching),
        ways.conflict,
        tries_max=many if matchings_max is None else matchings_max,
    )
    if found.sources is not None and ways.latest is not None:
        return judge.holds(matching.with_sources(found.sources), ways.latest)
    if found.is_cut:
        return undecided(name, _too_many(matching, found), examined=examined)
    return _in_every_way(matching, ways, judge, examined)


@dataclass(slots=True)
class _Ways(Generic[Decided]):
    """Judges one matching after the other.

    `blamed` are all operations that made one fail, `latest` is what was said of the last one.
    """

    matching: Matching
    judge: Judge[Decided]
    blamed: frozenset[int] = frozenset()
    latest: Decided | None = None

    def conflict(self, sources: Mapping[int, int]) -> Collection[int] | None:
        """Return the ambiguous reads behind a violation under these sources, if there is one."""
        self.latest = self.judge.decide(self.matching.with_sources(sources))
        self.blamed |= frozenset(self.latest.core)
        if not self.latest.core:
            return None
        return [read for read in self.latest.core if read in sources]


def _likely_first(matching: Matching) -> dict[int, tuple[int, ...]]:
    """The ambiguous reads by time, with the latest write before each first, later ones last."""
    operations = matching.sessions.operations

    def likely(read: int) -> tuple[int, ...]:
        called = operations[read].called

        def distance(source: int) -> tuple[bool, float]:
            at = operations[source].called if source >= 0 else -1.0
            return at > called, abs(called - at)

        return tuple(sorted(matching.choices[read], key=distance))

    return {read: likely(read) for read in sorted(matching.choices, key=_called(matching))}


def _called(matching: Matching) -> Callable[[int], float]:
    operations = matching.sessions.operations
    return lambda index: operations[index].called


def without(sessions: Sessions, reads: Collection[int]) -> Sessions:
    """The same sessions without some reads."""
    return restrict(sessions, (i for i in range(len(sessions.operations)) if i not in reads))


def _shrunk(
    sessions: Sessions, core: Collection[int], judge: Judge[Decided], examined: int
) -> Verdict:
    small = restrict(sessions, core)
    assert judge.decide(small).core, f"{sorted(core)} do not break it alone"
    small = smallest(small, lambda smaller: bool(judge.decide(smaller).core))
    return replace(judge.broken(small), examined=examined)


def _in_every_way(
    matching: Matching, ways: _Ways[Decided], judge: Judge[Decided], examined: int
) -> Verdict:
    """The verdict where every matching fails: operations that fail alone, however matched.

    They have every possible source of each of their reads, so what they show is true of the whole
    history; a write goes only together with all reads that may have seen it.
    """
    core = _shrunk_in_every_way(_closed(matching, ways.blamed), judge)
    likely = _likely_first(core)
    first = core.with_sources({read: sources[0] for read, sources in likely.items()})
    small = restrict(first, _with_sources(first, judge.decide(first).core))
    verdict = judge.broken(smallest(small, lambda smaller: bool(judge.decide(smaller).core)))
    if not core.choices:
        return replace(verdict, examined=examined)
    count = len(core.choices)
    line = said(
        f"{count} of these reads {'has' if count == 1 else 'have'} more than one possible source; "
        "however they are matched, it is so, or otherwise broken"
    )
    named = [op.id for op in sorted(core.sessions.operations, key=lambda op: op.called)]
    culprits = (*(one for one in named if one != verdict.culprits[-1]), verdict.culprits[-1])
    reasons = (*verdict.reasons, line)
    return replace(verdict, examined=examined, reasons=reasons, culprits=culprits)


def _with_sources(sessions: Sessions, core: Collection[int]) -> set[int]:
    return set(core) | {sessions.source[i] for i in core if sessions.source[i] >= 0}


def _closed(matching: Matching, operations: Collection[int]) -> Matching:
    """These operations, with every possible source of their reads."""
    sources = (matching.possible(index) for index in operations)
    return restricted(matching, {*operations, *(s for some in sources for s in some if s >= 0)})


def restricted(matching: Matching, kept: Collection[int]) -> Matching:
    """A matching of some operations, which include every possible source of their reads."""
    chosen = sorted(kept)
    position = {old: new for new, old in enumerate(chosen)}
    choices = {
        position[read]: tuple(position.get(s, INITIAL) for s in sources)
        for read, sources in matching.choices.items()
        if read in position
    }
    return Matching(restrict(matching.sessions, chosen), (), choices, {})


def _shrunk_in_every_way(matching: Matching, judge: Judge[Decided]) -> Matching:
    """Remove operations while the rest fails however it is matched."""
    return shrink(
        matching,
        lambda some: len(some.sessions.operations),
        _without_chunk,
        lambda some: fails_in_every_way(some, judge),
    )


def _without_chunk(matching: Matching, gone: range) -> Matching | None:
    chunk, count = set(gone), len(matching.sessions.operations)
    left = [i for i in range(count) if i not in chunk and chunk.isdisjoint(matching.possible(i))]
    return restricted(matching, left) if left else None


def fails_in_every_way(matching: Matching, judge: Judge[Decided]) -> bool:
    """Tell whether no matching is right; False also where that takes too many tries."""
    ways = _Ways(matching, judge)
    found = solve(_likely_first(matching), ways.conflict, tries_max=SHRINK_TRIES_MAX)
    return found.sources is None and not found.is_cut


def _too_many(matching: Matching, found: Solution[int]) -> str:
    first = matching.sessions.operations[min(matching.choices)]
    return (
        f"{len(matching.choices)} reads have more than one possible source, "
        f"{deed(first)} {label(first)} for one; none of the {found.try_count} ways tried to match "
        "them explains what was read, and there are more"
    )


def orphan(name: str, matching: Matching) -> Verdict:
    """The verdict for a read of a value that no write of the history can explain."""
    operations = matching.sessions.operations
    read = min((operations[index] for index in matching.orphans), key=lambda op: op.called)
    value = pair(read.key, read.result)
    write = matching.aborted.get((read.key, read.result))
    pattern, why = "ThinAirRead", said(f"nobody wrote {value}")
    core: tuple[str, ...] = (read.id,)
    if write is not None:
        why = said(
            f"the write of {value} ", label(write), " failed, and a failed write has no effect"
        )
        pattern, core = "AbortedRead", (write.id, read.id)
    return broken(
        name,
        f"{named(read)}, but {why} ({pattern})",
        examined=len(operations),
        because=(named(read), why),
        culprits=core,
        evidence=(Pattern(pattern),),
    )
