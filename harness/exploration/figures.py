"""What an exploration has established, in words and in figures: how much, how far, what is left."""

from __future__ import annotations

from collections.abc import Iterator

from counterpoint.harness.explanation.plain import count_of
from counterpoint.harness.exploration.rounds import FaultRounds, Round
from counterpoint.harness.memory import resident_bytes
from counterpoint.model.search.exploration.explore import Explored
from counterpoint.model.search.exploration.forecast import states_left


def states_per_second(explored: Explored) -> float:
    """Return how fast the exploration was, on the whole."""
    return explored.states / max(explored.seconds, 1e-9)


def progress_line(current: Round) -> str:
    """Return the line that a terminal shows while states are explored."""
    now = current.explored
    widest = max(now.slots, key=lambda node: now.slots[node])
    return (
        f"{count_of(current.faults, 'fault')}: {now.states:,} states · {now.generated:,} transitions · "
        f"depth {now.depth} · frontier {now.frontier:,} · {states_per_second(now):,.0f} states/s · "
        f"{in_megabytes(resident_bytes())}{_on_disk(now)} · {widest} has {now.slots[widest]:,} slots"
        f"{_to_come(now)}"
    )


def lines_of(rounds: FaultRounds) -> Iterator[str]:
    """Return the lines that end the command: one a round, and what a round that ended early left."""
    for current in rounds.rounds:
        now = current.explored
        how = "complete" if now.stop == "complete" else f"stopped: {now.stop}"
        yield (
            f"{count_of(current.faults, 'fault')}: {now.states:,} states, "
            f"{now.generated:,} transitions, depth {now.depth}, "
            f"{now.terminal:,} ends ({now.terminal_pending:,} with open calls), {how} "
            f"[{now.seconds:.1f} s]"
        )
    last = rounds.last.explored
    if last.by_all_exchanges:
        yield (
            f"symmetry: every exchange of names was tried for {last.by_all_exchanges:,} of "
            f"{last.generated:,} successors"
        )
    if last.stop not in ("complete", "broken"):
        yield (
            f"every run of up to {whole_levels(last) - 1} choices was explored; frontier "
            f"{last.frontier:,} states · {states_per_second(last):,.0f} states/s · "
            f"{in_megabytes(resident_bytes())}{_on_disk(last)}{_to_come(last)}"
        )
    folder = rounds.goes_on_from
    if folder is not None:
        yield f"the states are in {folder}: exploring with --disk {folder} goes on from there"


def figures_of(explored: Explored) -> dict[str, object]:
    """Return what a JSON result says of one exploration.

    `levels` counts the new states by depth, `whole_levels` those that are complete. What is left is
    an estimate, and null where the levels do not allow one.
    """
    left = None if explored.stop == "complete" else states_left(explored.levels)
    return {
        "unique": explored.states,
        "generated": explored.generated,
        "depth": explored.depth,
        "frontier": explored.frontier,
        "stopped": explored.stop,
        "terminal": explored.terminal,
        "terminal_pending": explored.terminal_pending,
        "slots": dict(explored.slots),
        "memories": explored.memories,
        "levels": list(explored.levels),
        "whole_levels": whole_levels(explored),
        "left_at_least": None if left is None else left[0],
        "left_perhaps": None if left is None else left[1],
        "seconds": round(explored.seconds, 3),
        "states_per_second": round(states_per_second(explored)),
        "memory_bytes": resident_bytes(),
        "disk_bytes": explored.stored_bytes,
        "by_all_exchanges": explored.by_all_exchanges,
    }


def whole_levels(explored: Explored) -> int:
    """Return how many levels have all their states: all runs of one choice less were judged."""
    return len(explored.levels)


def in_megabytes(size: int | None) -> str:
    """Return a size in memory, in words.

    >>> in_megabytes(3 * 2**20), in_megabytes(None)
    ('3 MB', 'memory unknown')
    """
    if size is None:
        return "memory unknown"
    return f"{size / 2**20:,.0f} MB"


def _on_disk(now: Explored) -> str:
    return "" if now.stored_bytes is None else f", {in_megabytes(now.stored_bytes)} on disk"


def _to_come(now: Explored) -> str:
    left = states_left(now.levels)
    return f" · perhaps {left[1]:,} to come" if left else ""
