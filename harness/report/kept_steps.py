"""Which steps of a run are shown where there is not room for all, and what stands for the others."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.report.causal_slice import (
    culprit_events,
    fault_steps,
    named_steps,
    support,
)
from counterpoint.model.verdict import Verdict

FEW_FAULTS = 6
"""So many faults are shown before what the answer rests on; more only where there is room."""


def kept_steps(
    story: TraceExplanation,
    verdict: Verdict,
    needed: Collection[int],
    resting: frozenset[int],
    room: int,
) -> list[int]:
    """Choose the steps to show: all if they fit, else what matters most, latest first."""
    steps = range(len(story.trace.choices))
    if len(steps) <= room:
        return list(steps)
    culprits = culprit_events(story, verdict)
    ends = {s.end_step for s in story.spans if s.id in verdict.culprits}
    calls = {s.call_step for s in story.spans if s.id in verdict.culprits}
    wider = frozenset().union(*(support(story, event) for event in culprits))
    last = {len(steps) - 1}
    faults = fault_steps(story)
    ranked: list[int] = []
    for group in (
        {e.step for e in culprits} | ends | last,
        set(needed),
        faults if len(faults) <= FEW_FAULTS else set(),
        calls | named_steps(verdict),
        resting,
        faults,
        wider,
        {s.call_step for s in story.spans},
    ):
        fresh = {k for k in group if k is not None and 0 <= k < len(steps)} - set(ranked)
        ranked += sorted(fresh, reverse=True)
    return within(ranked, max(room, 3), len(steps))


def within(ranked: Sequence[int], room: int, count: int) -> list[int]:
    """Return as many of the ranked steps as fit into the room, gaps counted as a line each."""
    kept: set[int] = set()
    gaps = 1
    for step in ranked:
        before = step == 0 or step - 1 in kept
        after = step == count - 1 or step + 1 in kept
        change = 1 - before - after
        if len(kept) + 1 + gaps + change <= room:
            kept.add(step)
            gaps += change
    return sorted(kept)


def with_folds(kept: Sequence[int], count: int) -> Iterator[tuple[int, int]]:
    """Yield the kept steps with 0, and the first of each gap with the length of the gap.

    >>> list(with_folds([1, 2, 5], 7))
    [(0, 1), (1, 0), (2, 0), (3, 2), (5, 0), (6, 1)]
    """
    expected = 0
    for step in kept:
        if step > expected:
            yield expected, step - expected
        yield step, 0
        expected = step + 1
    if expected < count:
        yield expected, count - expected


def ranges(steps: Sequence[int]) -> str:
    """Return ascending numbers in words, three and more in a row as a range.

    >>> ranges([0, 1, 2, 3, 7, 9, 10])
    '0-3 7 9 10'
    """
    found: list[list[int]] = []
    for step in steps:
        if found and found[-1][-1] == step - 1:
            found[-1].append(step)
        else:
            found.append([step])
    short = (f"{r[0]}-{r[-1]}" if len(r) > 2 else " ".join(map(str, r)) for r in found)
    return " ".join(short)
