"""The skeleton of properties that hang on who read from whom: match, decide, core, shrink, explain.

A read may have several possible sources. A property holds when it holds under one way to match them,
and is broken when it is broken under all, which is sure already when it is broken without those reads.
`judge` takes these steps for every such property; reads and writes in sessions are its first case.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from counterpoint.checkers.causal.levels import deciding_last, restrict, smallest
from counterpoint.checkers.causal.reasons import Reasons
from counterpoint.checkers.judging import Explanation, Pattern, shrink
from counterpoint.checkers.links import deed, edges, label, named, pair
from counterpoint.checkers.reads_from import INITIAL, Matching, Sessions, solve
from counterpoint.model.verdict import Verdict, said, undecided

TRIES_MIN = 64
TRIED_MAX = 2_000_000
"""How many matchings are judged unless told otherwise: so many operations in all, some seconds."""

SHRINK_TRIES_MAX = 200
"""How many matchings of a smaller core are tried before it is left as it is."""


class Decision(Protocol):
    """What a property says of a history under one way to match its reads."""

    @property
    def core(self) -> Collection[int]:
        """Positions of what fails alone; none where the property holds."""


AnyPlace = TypeVar("AnyPlace", bound=Hashable)
Decided = TypeVar("Decided", bound=Decision)


class Steps(Protocol[AnyPlace, Decided]):
    """The steps from one history to the verdict on one property; a place is that of a read."""

    @property
    def name(self) -> str:
        """What the verdict calls the property."""

    @property
    def examined(self) -> int:
        """How many reads are judged."""

    @property
    def size(self) -> int:
        """How much there is to look at in each try."""

    def mismatch(self) -> Explanation | None:
        """Match: why a read has no source at all, if there is such a read."""

    def choices(self) -> Mapping[AnyPlace, Sequence[int]]:
        """Match: the possible sources of each read that has several, the likeliest first."""

    def decide(self, sources: Mapping[AnyPlace, int]) -> Decided:
        """Decide the property under these sources, without the ambiguous reads that have none."""

    def rests_on(
        self, core: Collection[int], sources: Mapping[AnyPlace, int]
    ) -> Collection[AnyPlace]:
        """Return the ambiguous reads on which a core rests."""

    def holds(self, decision: Decided, sources: Mapping[AnyPlace, int]) -> Verdict:
        """Return the verdict, with its witness."""

    def explain(self, core: Collection[int], *, in_every_way: bool) -> Explanation:
        """Shrink what fails, and explain it; `in_every_way`: in that each matching of its fails."""

    def too_many(self, try_count: int) -> str:
        """Say that there are more ways to match than were tried."""


def judge(steps: Steps[AnyPlace, Decided], *, tries_max: int | None) -> Verdict:
    """Take the steps of one property, trying as many ways to match as needed and allowed."""
    wrong = steps.mismatch()
    if wrong is not None:
        return wrong.verdict(steps.name, examined=max(1, steps.examined))
    decision = steps.decide({})
    if decision.core:
        return _broken(steps, decision.core, in_every_way=False)
    choices = steps.choices()
    if not choices:
        return steps.holds(decision, {})
    ways = _Ways(steps)
    many = max(TRIES_MIN, TRIED_MAX // steps.size) if tries_max is None else tries_max
    found = solve(choices, ways.conflict, tries_max=many)
    if found.sources is not None and ways.latest is not None:
        return steps.holds(ways.latest, found.sources)
    if found.is_cut:
        return undecided(steps.name, steps.too_many(found.try_count), examined=steps.examined)
    return _broken(steps, ways.blamed, in_every_way=True)


def _broken(
    steps: Steps[AnyPlace, Decided], core: Collection[int], *, in_every_way: bool
) -> Verdict:
    explanation = steps.explain(core, in_every_way=in_every_way)
    return explanation.verdict(steps.name, examined=steps.examined)


def fails(steps: Steps[AnyPlace, Decided]) -> bool:
    """Tell whether every way to match fails, and no read by itself; False where that is too long."""
    if steps.mismatch() is not None:
        return False
    if steps.decide({}).core:
        return True
    choices = steps.choices()
    if not choices:
        return False
    found = solve(choices, _Ways(steps).conflict, tries_max=SHRINK_TRIES_MAX)
    return found.sources is None and not found.is_cut


@dataclass(slots=True)
class _Ways(Generic[AnyPlace, Decided]):
    """Judges one matching after the other.

    `blamed` is all that made one fail, `latest` is what was said of the last one.
    """

    steps: Steps[AnyPlace, Decided]
    blamed: frozenset[int] = frozenset()
    latest: Decided | None = None

    def conflict(self, sources: Mapping[AnyPlace, int]) -> Collection[AnyPlace] | None:
        """Return the ambiguous reads behind a violation under these sources, if there is one."""
        self.latest = self.steps.decide(sources)
        self.blamed |= frozenset(self.latest.core)
        return self.steps.rests_on(self.latest.core, sources) if self.latest.core else None


# ---- reads and writes in sessions ----------------------------------------------------------------


class Judge(Protocol[Decided]):
    """A property of sessions in which every read is matched."""

    def decide(self, sessions: Sessions) -> Decided:
        """Decide the property."""

    def holds(self, sessions: Sessions, decision: Decided) -> Verdict:
        """Return the verdict on sessions of which no operations fail."""

    def explain(self, core: Sessions) -> Reasons:
        """Explain a core from which nothing can be removed."""


@dataclass(frozen=True, slots=True)
class SessionSteps(Generic[Decided]):
    """The steps for one property of reads and writes in sessions."""

    name: str
    matching: Matching
    judge: Judge[Decided]

    @property
    def examined(self) -> int:
        """How many reads there are."""
        return sum(op.f == "read" for op in self.matching.sessions.operations)

    @property
    def size(self) -> int:
        """How many operations there are."""
        return len(self.matching.sessions.operations)

    def mismatch(self) -> Explanation | None:
        """Explain a read of a value that no write of the history can explain."""
        return _orphan(self.matching) if self.matching.orphans else None

    def choices(self) -> dict[int, tuple[int, ...]]:
        """The ambiguous reads by time, with the latest write before each first."""
        return _likely_first(self.matching)

    def decide(self, sources: Mapping[int, int]) -> Decided:
        """Decide the property under these sources."""
        return self.judge.decide(self._sessions(sources))

    def rests_on(self, core: Collection[int], sources: Mapping[int, int]) -> list[int]:
        """Those that are in the core."""
        return [read for read in core if read in sources]

    def holds(self, decision: Decided, sources: Mapping[int, int]) -> Verdict:
        """Return the verdict with its witness."""
        return self.judge.holds(self._sessions(sources), decision)

    def explain(self, core: Collection[int], *, in_every_way: bool) -> Explanation:
        """Explain a smallest core; where it takes every way, with all that may have been read."""
        if in_every_way:
            return self._in_every_way(_closed(self.matching, core))
        return _told(self.judge, restrict(self._sessions({}), core))

    def too_many(self, try_count: int) -> str:
        """Name the first ambiguous read."""
        first = self.matching.sessions.operations[min(self.matching.choices)]
        return (
            f"{len(self.matching.choices)} reads have more than one possible source, "
            f"{deed(first)} {label(first)} for one; none of the {try_count} ways tried to match "
            "them explains what was read, and there are more"
        )

    def _sessions(self, sources: Mapping[int, int]) -> Sessions:
        if not self.matching.choices:
            return self.matching.sessions
        if not sources:
            return without(self.matching.sessions, self.matching.choices)
        return self.matching.with_sources(sources)

    def _in_every_way(self, blamed: Matching) -> Explanation:
        """Explain operations that fail alone, however matched.

        They have every possible source of each of their reads, so what they show is true of the
        whole history; a write goes only together with all reads that may have seen it.
        """
        core = shrink(
            blamed,
            lambda some: len(some.sessions.operations),
            _without_chunk,
            lambda some: fails(SessionSteps(self.name, some, self.judge)),
        )
        first = core.with_sources({r: sources[0] for r, sources in _likely_first(core).items()})
        small = restrict(first, _with_sources(first, self.judge.decide(first).core))
        explanation = _told(self.judge, small)
        if not core.choices:
            return explanation
        count = len(core.choices)
        line = said(
            f"{count} of these reads {'has' if count == 1 else 'have'} more than one possible "
            "source; however they are matched, it is so, or otherwise broken"
        )
        last = explanation.culprits[-1]
        by_time = sorted(core.sessions.operations, key=lambda op: op.called)
        others = tuple(op.id for op in by_time if op.id != last)
        reasons = (*explanation.reasons, line)
        return replace(explanation, reasons=reasons, culprits=(*others, last))


def _told(judge: Judge[Decided], core: Sessions) -> Explanation:
    """Shrink sessions that fail, and explain them."""
    assert judge.decide(core).core, "a core does not fail alone"
    small = smallest(core, lambda smaller: bool(judge.decide(smaller).core))
    reasons = judge.explain(small)
    return Explanation(
        f"{reasons.summary} ({reasons.pattern})",
        reasons.because,
        edges(small.operations, reasons.cycle),
        deciding_last(small),
        (Pattern(reasons.pattern),),
    )


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


def _without_chunk(matching: Matching, gone: range) -> Matching | None:
    chunk, count = set(gone), len(matching.sessions.operations)
    left = [i for i in range(count) if i not in chunk and chunk.isdisjoint(matching.possible(i))]
    return restricted(matching, left) if left else None


def _orphan(matching: Matching) -> Explanation:
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
    summary = f"{named(read)}, but {why} ({pattern})"
    return Explanation(summary, (named(read), why), (), core, (Pattern(pattern),))
