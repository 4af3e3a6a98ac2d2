"""Serializability and snapshot isolation of transactions whose writes all carry different values.

Exact, by the search of Biswas and Enea, "On the complexity of checking transactional consistency",
OOPSLA 2019. A serial order is built from the front. Whether a transaction can come next depends on
which ones came before and not on their order: it may come when every reader of a value that it
overwrites has come. So only sets of transactions need be remembered, and such a set is one number
per session: the search is polynomial for a fixed number of sessions.

For snapshot isolation each transaction is two steps, its reads and its writes; of two transactions
that write a common key one must finish before the other begins (first committer wins). "Prefix
consistency" is the same without that condition. Sessions are in program order at every level.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from counterpoint.checkers.transactions.history import TransactionHistory
from counterpoint.checkers.transactions.sources import (
    INITIAL,
    RepeatedWrite,
    Shown,
    Sources,
    sources_of,
)
from counterpoint.checkers.words import shown
from counterpoint.model.verdict import Verdict, broken, holds, undecided

SerialLevel = Literal["serializability", "snapshot isolation", "prefix consistency"]
STEPS_MAX = 200_000
"""How many steps the search takes before it gives up, unless told otherwise."""

SHRINK_STEPS_MAX = 300
"""How many steps a search takes while a violation is shrunk: too few keep one transaction more."""


class Step(NamedTuple):
    """One step of a serial order: the transaction's reads, its writes, or both."""

    transaction: int
    reads: bool
    writes: bool


def check_serial_order(
    history: TransactionHistory,
    *,
    level: SerialLevel = "serializability",
    steps_max: int = STEPS_MAX,
) -> Verdict:
    """Tell whether an order of the committed transactions explains every read.

    `examined` counts the reads; without any the verdict is UNDECIDED, as it is when a value was
    written twice to a key, or after `steps_max` steps. HOLDS carries the order of transactions, for
    snapshot isolation that of their writes. BROKEN carries transactions that cannot be ordered
    whatever the others did, few of them.
    """
    try:
        sources = sources_of(history)
    except RepeatedWrite as repeated:
        return undecided(level, str(repeated))
    if sources.faults:
        fault = sources.faults[0]
        return broken(
            level,
            f"{fault.summary} ({fault.anomaly})",
            examined=sources.read_count,
            culprits=fault.culprits,
            details={"anomaly": fault.anomaly},
        )
    outcome = _search(sources, level, steps_max)
    if outcome.order is not None:
        witness = tuple(sources.shown[number].transaction.id for number in outcome.order)
        return holds(level, examined=sources.read_count, witness=witness)
    if outcome.is_cut:
        return undecided(level, f"no order found in {steps_max} steps", examined=sources.read_count)
    return _violation(sources, level)


class _State:
    """How far each session has come, and what that leaves to be read.

    `waiting[key]` counts the reads still to come of the value that the key holds now; while there
    are any, nobody may overwrite it. `begun[key]` counts the transactions that have read and not
    yet written, and will write the key.
    """

    def __init__(
        self, sources: Sources, steps: Sequence[Sequence[Step]], level: SerialLevel
    ) -> None:
        self.shown = sources.shown
        self.steps = steps
        self.first_committer_wins = level == "snapshot isolation"
        self.progress = [0] * len(steps)
        self.left = sum(map(len, steps))
        self.written = {INITIAL}
        self.readers: Counter[tuple[Hashable, int]] = Counter()
        for session in sources.sessions:
            for number in session:
                self.readers.update(self.shown[number].reads.items())
        self.waiting: Counter[Hashable] = Counter()
        self.begun: Counter[Hashable] = Counter()
        for (key, source), count in self.readers.items():
            if source == INITIAL:
                self.waiting[key] = count

    def possible(self) -> Iterator[int]:
        """Walk the sessions whose next step may come now.

        A step without writes takes no possibility away from any other: it alone is tried.
        """
        enabled = [
            session
            for session, done in enumerate(self.progress)
            if done < len(self.steps[session]) and not self.obstacle(self.steps[session][done])
        ]
        for session in enabled:
            step = self.steps[session][self.progress[session]]
            if not self.shown[step.transaction].writes:
                return iter((session,))
        return iter(enabled)

    def obstacle(self, step: Step) -> str:
        """Say why a step may not come now; empty if it may."""
        shown_to_others = self.shown[step.transaction]
        name = shown_to_others.transaction.id
        if step.reads:
            for key, source in shown_to_others.reads.items():
                if source not in self.written:
                    other = self.shown[source].transaction.id
                    return f"{name} cannot come before {other}, from which it read {shown(key)}"
            if self.first_committer_wins and not step.writes:
                for key in shown_to_others.writes:
                    if self.begun[key]:
                        return (
                            f"{name} cannot begin while another writer of {shown(key)} is at work"
                        )
        if step.writes:
            for key in shown_to_others.writes:
                own = step.reads and key in shown_to_others.reads
                if self.waiting[key] > own:
                    return f"{name} cannot overwrite {shown(key)} before all have read it who did"
        return ""

    def do(self, session: int) -> Step:
        """Take the next step of a session."""
        step = self.steps[session][self.progress[session]]
        shown_to_others = self.shown[step.transaction]
        if step.reads:
            self.waiting.subtract(shown_to_others.reads.keys())
        if step.reads != step.writes:
            change = 1 if step.reads else -1
            for key in shown_to_others.writes:
                self.begun[key] += change
        if step.writes:
            self.written.add(step.transaction)
            for key in shown_to_others.writes:
                self.waiting[key] = self.readers[key, step.transaction]
        self.progress[session] += 1
        self.left -= 1
        return step

    def undo(self, session: int) -> None:
        """Take the last step of a session back."""
        self.progress[session] -= 1
        self.left += 1
        step = self.steps[session][self.progress[session]]
        shown_to_others = self.shown[step.transaction]
        if step.writes:
            self.written.discard(step.transaction)
            for key in shown_to_others.writes:
                self.waiting[key] = 0
        if step.reads != step.writes:
            change = 1 if step.reads else -1
            for key in shown_to_others.writes:
                self.begun[key] -= change
        if step.reads:
            self.waiting.update(shown_to_others.reads.keys())


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a search found: an order, or the longest prefix and who could not follow it."""

    order: tuple[int, ...] | None
    is_cut: bool = False
    prefix: tuple[int, ...] = ()
    obstacles: tuple[str, ...] = ()


def _search(sources: Sources, level: SerialLevel, steps_max: int) -> _Outcome:
    """Go depth first over how far each session has come; each such point is left for good once."""
    state = _State(sources, _steps(sources, level), level)
    refused: set[tuple[int, ...]] = set()
    path: list[int] = []
    branches = [state.possible()]
    deepest = _Outcome(None, prefix=(), obstacles=_obstacles(state))
    length = 0
    for _ in range(steps_max):
        if not state.left:
            return _Outcome(_written(state, path))
        session = next(branches[-1], None)
        if session is None:
            refused.add(tuple(state.progress))
            branches.pop()
            if not path:
                return deepest
            state.undo(path.pop())
            continue
        state.do(session)
        path.append(session)
        if tuple(state.progress) in refused:
            state.undo(path.pop())
            continue
        branches.append(state.possible())
        if len(path) > length:
            length = len(path)
            deepest = _Outcome(None, prefix=_written(state, path), obstacles=_obstacles(state))
    return _Outcome(None, is_cut=True)


def _steps(sources: Sources, level: SerialLevel) -> list[list[Step]]:
    if level == "serializability":
        return [[Step(number, True, True) for number in session] for session in sources.sessions]
    return [
        [step for n in session for step in (Step(n, True, False), Step(n, False, True))]
        for session in sources.sessions
    ]


def _written(state: _State, path: Sequence[int]) -> tuple[int, ...]:
    """List the transactions of a path in the order of their writes."""
    progress = [0] * len(state.steps)
    order = []
    for session in path:
        step = state.steps[session][progress[session]]
        progress[session] += 1
        if step.writes:
            order.append(step.transaction)
    return tuple(order)


def _obstacles(state: _State) -> tuple[str, ...]:
    nexts = (
        steps[done]
        for steps, done in zip(state.steps, state.progress, strict=True)
        if done < len(steps)
    )
    return tuple(filter(None, map(state.obstacle, nexts)))


def _violation(sources: Sources, level: SerialLevel) -> Verdict:
    core = _shrunk(sources, level)
    outcome = _search(core, level, STEPS_MAX)
    names = tuple(core.shown[n].transaction.id for session in core.sessions for n in session)
    prefix = ", ".join(core.shown[n].transaction.id for n in outcome.prefix) or "nothing"
    return broken(
        level,
        f"no order of {', '.join(names[:12])}{' ...' if len(names) > 12 else ''} explains what "
        "they read",
        examined=sources.read_count,
        because=(f"the longest order that can be begun is {prefix}; then", *outcome.obstacles[:5]),
        culprits=names,
    )


def _shrunk(sources: Sources, level: SerialLevel) -> Sources:
    """Leave out transactions, ever fewer at a time, while the rest still has no order.

    An order of all would be one of fewer, so what remains proves the violation.
    """
    kept = [n for session in sources.sessions for n in session]
    size = len(kept)
    while size := size // 2:
        for start in range(len(kept) - size, -1, -size):
            smaller = kept[:start] + kept[start + size :]
            outcome = _search(_restricted(sources, frozenset(smaller)), level, SHRINK_STEPS_MAX)
            if outcome.order is None and not outcome.is_cut:
                kept = smaller
    return _restricted(sources, frozenset(kept))


def _restricted(sources: Sources, kept: frozenset[int]) -> Sources:
    """Forget transactions, and every read from them."""
    known = kept | {INITIAL}
    return Sources(
        tuple(
            Shown(
                one.transaction,
                {key: source for key, source in one.reads.items() if source in known},
                one.writes,
            )
            for one in sources.shown
        ),
        tuple(
            session
            for whole in sources.sessions
            if (session := tuple(n for n in whole if n in kept))
        ),
        (),
        sources.read_count,
    )
