"""What several possible matchings of reads and writes say together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from math import prod

from counterpoint.checkers.causal.matching import Matching, Sessions
from counterpoint.checkers.words import deed, label, pair
from counterpoint.model.verdict import Verdict, broken, undecided

Judge = Callable[[Sessions], Verdict]


def judge_matchings(name: str, matching: Matching, judge: Judge, *, matchings_max: int) -> Verdict:
    """Judge a history under every way to match its ambiguous reads, as far as needed.

    It holds when it holds under one of them, and is broken when it is broken under all, which is
    sure already when it is broken without those reads.
    """
    if matching.orphans:
        return orphan(name, matching)
    without = judge(matching.sessions)
    if without.is_broken or not matching.choices:
        return without
    count = prod(len(sources) for sources in matching.choices.values())
    if count > matchings_max:
        return undecided(name, _too_many(matching, count), examined=without.examined)
    ways = product(*(matching.choices[index] for index in sorted(matching.choices)))
    verdicts = [judge(matching.with_choice(way)) for way in ways]
    return next((v for v in verdicts if not v.is_broken), _whichever(verdicts))


def _whichever(verdicts: Sequence[Verdict]) -> Verdict:
    """The first of several broken verdicts, with a line that says that all are."""
    if len(verdicts) == 1:
        return verdicts[0]
    line = f"so it is, or otherwise broken, in each of {len(verdicts)} ways to match the reads"
    return replace(verdicts[0], because=(*verdicts[0].because, line))


def _too_many(matching: Matching, count: int) -> str:
    first = matching.sessions.operations[min(matching.choices)]
    return (
        f"{len(matching.choices)} reads have more than one possible source, "
        f"{deed(first)} {label(first)} for one: {count} matchings are too many to try"
    )


def orphan(name: str, matching: Matching) -> Verdict:
    """The verdict for a read of a value that no write of the history can explain."""
    operations = matching.sessions.operations
    read = min((operations[index] for index in matching.orphans), key=lambda op: op.called)
    value = pair(read.key, read.result)
    write = matching.aborted.get((read.key, read.result))
    pattern, why = "ThinAirRead", f"nobody wrote {value}"
    core: tuple[str, ...] = (read.id,)
    if write is not None:
        why = f"the write of {value} {label(write)} failed, and a failed write has no effect"
        pattern, core = "AbortedRead", (write.id, read.id)
    return broken(
        name,
        f"{deed(read)} {label(read)}, but {why} ({pattern})",
        examined=len(operations),
        because=(f"{deed(read)} {label(read)}", why),
        culprits=core,
        details={"pattern": pattern},
    )
