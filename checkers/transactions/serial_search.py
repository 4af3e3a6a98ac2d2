"""The search for an order of transactions that explains what they read.

Exact, after Biswas and Enea, "On the complexity of checking transactional consistency", OOPSLA
2019. A serial order is built from the front, value by value: a transaction may come when every key
holds what it read, and unless it overwrites what others have still to read and nobody will write
again. Where every value tells its transaction, what may come depends only on which transactions
came before and not on their order, so a set of them is left for good once it led nowhere; a set is
one number per session, and the search is polynomial for a fixed number of sessions. Of keys whose
values do not tell, the value of now is part of what is remembered.

The obvious order is tried first: that of real time where it is known, then that of the sessions.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from counterpoint.checkers.links import shown
from counterpoint.checkers.reads_from import INITIAL
from counterpoint.checkers.transactions.reads_from import KeyVersion, ShownVersions, Sources

SerialLevel = Literal["serializability", "snapshot isolation", "prefix consistency"]

CLOCK_STEPS = 500
"""How many steps may pass before the clock is looked at."""

REFUSED_MAX = 1_000_000
"""How many points that led nowhere are remembered; some hundreds of megabytes."""


class SerialStep(NamedTuple):
    """One step of a serial order: the transaction's reads, its writes, or both."""

    transaction: int
    reads: bool
    writes: bool
    rank: tuple[float, int]


class Hindrance(NamedTuple):
    """Why a step may not come now: a key that does not hold what it read, and so on."""

    kind: Literal["early", "unread", "at work", "session"]
    transaction: int
    key: Hashable = None


@dataclass(frozen=True, slots=True)
class SerialSearchResult:
    """What a search found: an order, or the longest prefix and who could not follow it.

    `cut` says why it was given up, if it was, after `step_count` steps.
    """

    order: tuple[int, ...] | None
    cut: str = ""
    step_count: int = 0
    prefix: tuple[int, ...] = ()
    obstacles: tuple[str, ...] = ()


def _never() -> bool:
    return False


def search(
    sources: Sources,
    level: SerialLevel,
    *,
    steps_max: int | None = None,
    is_over: Callable[[], bool] = _never,
) -> SerialSearchResult:
    """Go depth first over how far each session has come; each such point is left for good once."""
    state = _State(sources, _steps(sources, level), level)
    refused: set[Hashable] = set()
    path: list[int] = []
    deepest: list[int] = []
    branches = [state.possible()]
    steps = 0
    while state.left:
        cut = _cut(steps, steps_max, len(refused), is_over)
        if cut:
            return SerialSearchResult(None, cut, steps)
        steps += 1
        if branches[-1]:
            session = branches[-1].pop()
            state.do(session)
            path.append(session)
            if state.form() in refused:
                state.undo(path.pop())
            else:
                branches.append(state.possible())
            continue
        if len(path) > len(deepest):
            deepest = path[:]
        refused.add(state.form())
        branches.pop()
        if not path:
            return _without_order(sources, level, deepest, steps)
        state.undo(path.pop())
    return SerialSearchResult(state.written(path), "", steps)


def _cut(steps: int, steps_max: int | None, kept: int, is_over: Callable[[], bool]) -> str:
    if steps_max is not None and steps >= steps_max:
        return f"no order found in {steps_max} steps"
    if kept > REFUSED_MAX:
        return f"no order found in {steps} steps, and memory was used up"
    if steps % CLOCK_STEPS == 0 and is_over():
        return f"no order found in {steps} steps, and time was over"
    return ""


def _without_order(
    sources: Sources, level: SerialLevel, deepest: Sequence[int], steps: int
) -> SerialSearchResult:
    """Go once more to where the search came furthest, and say what is in the way there."""
    state = _State(sources, _steps(sources, level), level)
    for session in deepest:
        state.do(session)
    return SerialSearchResult(None, "", steps, state.written(deepest), state.obstacles())


def _steps(sources: Sources, level: SerialLevel) -> list[list[SerialStep]]:
    found: list[list[SerialStep]] = []
    for numbers in sources.sessions:
        steps: list[SerialStep] = []
        for place, number in enumerate(numbers):
            one = sources.shown[number].transaction
            has_time = one.called < math.inf
            called = one.called if has_time else float(place)
            returned = one.returned if has_time else float(place)
            tie = len(found)
            if level == "serializability":
                steps.append(SerialStep(number, True, True, (returned, tie)))
            else:
                steps.append(SerialStep(number, True, False, (called, tie)))
                steps.append(SerialStep(number, False, True, (returned, tie)))
        found.append(steps)
    return found


class _State:
    """How far each session has come, and what that leaves to be read.

    `left_readers` and `left_writers` count, for each version that is read at all, the reads and the
    writes of it still to come. `begun[key]` counts the transactions that have read and not yet
    written, and will write the key.
    """

    def __init__(
        self, sources: Sources, steps: Sequence[Sequence[SerialStep]], level: SerialLevel
    ) -> None:
        self.sources = sources
        self.shown = sources.shown
        self.steps = steps
        self.first_committer_wins = level == "snapshot isolation"
        self.progress = [0] * len(steps)
        self.left = sum(map(len, steps))
        self.done = bytearray(len(sources.shown))
        self.value_of: dict[Hashable, Hashable] = {}
        self.replaced: list[list[tuple[Hashable, Hashable]]] = []
        self.left_readers: Counter[KeyVersion] = Counter()
        self.left_writers: Counter[KeyVersion] = Counter()
        self.begun: Counter[Hashable] = Counter()
        self.doubtful = sorted(sources.ambiguous, key=repr)
        for session in sources.sessions:
            for number in session:
                self.left_readers.update(self.shown[number].reads.items())
                self.left_writers.update(self.shown[number].writes.items())

    def form(self) -> Hashable:
        """What the future depends on."""
        progress = tuple(self.progress)
        if not self.doubtful:
            return progress
        return progress, tuple(map(self.value_of.get, self.doubtful))

    def possible(self) -> list[int]:
        """The sessions whose next step may come now, the one to try first at the end.

        A step without writes takes no possibility away from any other: it alone is tried.
        """
        enabled: list[tuple[tuple[float, int], int]] = []
        for session, done in enumerate(self.progress):
            steps = self.steps[session]
            if done < len(steps) and self.hindrance(steps[done]) is None:
                step = steps[done]
                if not self.shown[step.transaction].writes:
                    return [session]
                enabled.append((step.rank, session))
        enabled.sort(reverse=True)
        return [session for _, session in enabled]

    def hindrance(self, step: SerialStep) -> Hindrance | None:
        """Tell why a step may not come now, or None if it may."""
        number = step.transaction
        one = self.shown[number]
        if step.reads:
            found = self._before_reading(number, one)
            if found is not None:
                return found
        if step.writes:
            for key, value in one.writes.items():
                held = self.value_of.get(key)
                own = step.reads and key in one.reads and one.reads[key] == held
                if (
                    self.left_readers[key, held] > own
                    and held != value
                    and not self.left_writers[key, held]
                ):
                    return Hindrance("unread", number, key)
        return None

    def _before_reading(self, number: int, one: ShownVersions) -> Hindrance | None:
        for before in one.after:
            if not self.done[before]:
                return Hindrance("session", before)
        for key, value in one.reads.items():
            if self.value_of.get(key) != value:
                return Hindrance("early", number, key)
        if self.first_committer_wins:
            for key in one.writes:
                if self.begun[key]:
                    return Hindrance("at work", number, key)
        return None

    def do(self, session: int) -> None:
        """Take the next step of a session."""
        step = self.steps[session][self.progress[session]]
        one = self.shown[step.transaction]
        if step.reads:
            self.left_readers.subtract(one.reads.items())
        if step.reads != step.writes:
            self._count_begun(one, 1 if step.reads else -1)
        if step.writes:
            self.done[step.transaction] = 1
            self.left_writers.subtract(one.writes.items())
            self.replaced.append([(key, self.value_of.get(key)) for key in one.writes])
            self.value_of.update(one.writes)
        self.progress[session] += 1
        self.left -= 1

    def undo(self, session: int) -> None:
        """Take the last step of a session back."""
        self.progress[session] -= 1
        self.left += 1
        step = self.steps[session][self.progress[session]]
        one = self.shown[step.transaction]
        if step.writes:
            self.done[step.transaction] = 0
            self.left_writers.update(one.writes.items())
            self.value_of.update(self.replaced.pop())
        if step.reads != step.writes:
            self._count_begun(one, -1 if step.reads else 1)
        if step.reads:
            self.left_readers.update(one.reads.items())

    def _count_begun(self, one: ShownVersions, change: int) -> None:
        for key in one.writes:
            self.begun[key] += change

    def written(self, path: Sequence[int]) -> tuple[int, ...]:
        """List the transactions of a path in the order of their writes."""
        progress = [0] * len(self.steps)
        order = []
        for session in path:
            step = self.steps[session][progress[session]]
            progress[session] += 1
            if step.writes:
                order.append(step.transaction)
        return tuple(order)

    def obstacles(self) -> tuple[str, ...]:
        """Say for each session why its next step may not come now."""
        nexts = [
            steps[done]
            for steps, done in zip(self.steps, self.progress, strict=True)
            if done < len(steps)
        ]
        return tuple(self._words(step, found) for step in nexts if (found := self.hindrance(step)))

    def _words(self, step: SerialStep, found: Hindrance) -> str:
        name, key = self.shown[step.transaction].transaction.id, shown(found.key)
        match found.kind:
            case "session":
                return f"{name} cannot come before {self._name(found.transaction)} of its client"
            case "unread":
                return f"{name} cannot overwrite {key} before all have read it who did"
            case "at work":
                return f"{name} cannot begin while another writer of {key} is at work"
            case "early":
                return self._early(name, key, self.shown[step.transaction].reads[found.key], found)

    def _early(self, name: str, key: str, value: Hashable, found: Hindrance) -> str:
        writers = self.sources.possible[found.key, value] - {INITIAL}
        if len(writers) == 1 and INITIAL not in self.sources.possible[found.key, value]:
            return f"{name} cannot come before {self._name(*writers)}, from which it read {key}"
        held = "the initial value" if value is None else repr(value)
        return f"{name} cannot come while {key} is not {held}, which it read"

    def _name(self, number: int) -> str:
        return self.shown[number].transaction.id
