"""The end of a session: how much was searched, what it has seen, what broke and how to replay it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import pytest

from counterpoint.harness.explanation.plain import count_of
from counterpoint.harness.plugin.characters import printable
from counterpoint.model.search.walks.coverage import DistinctCount

TestReportCounts: TypeAlias = Mapping[str, Any]
"""What the report of a test tells of its search, or of what broke."""


def tell_summary(
    terminal: pytest.TerminalReporter, told: Sequence[tuple[str, TestReportCounts]], *, profile: str
) -> None:
    """Write the section of our tests, given what each report has told."""
    terminal.section("counterpoint")
    is_verbose = terminal.config.option.verbose > 0
    for line in _lines(told, profile=profile, is_verbose=is_verbose):
        terminal.write_line(printable(terminal.config, line))


def _lines(
    told: Sequence[tuple[str, TestReportCounts]], *, profile: str, is_verbose: bool
) -> Iterator[str]:
    searched = {test: counts for test, counts in told if "runs" in counts}
    held = {test: counts for test, counts in searched.items() if not counts.get("expected")}
    broke = {test: counts for test, counts in searched.items() if test not in held}
    for some, what in ((held, "held"), (broke, "broke what was expected")):
        if some:
            tests = "1 test" if len(some) == 1 else f"{len(some)} tests"
            yield f"{tests} {what}: {_searched(some.values())}"
    if profile:
        yield from _table(searched)
    for test, counts in held.items():
        for line in _worth_knowing(counts, is_verbose=is_verbose):
            yield f"  {test}: {line.strip()}"
    if is_verbose:
        for test, counts in searched.items():
            seed = f", seed {counts['seed']}" if "seed" in counts else ""
            yield f"  {test}: {_searched([counts])}{seed}"
    yield from _endings(counts for _, counts in told)


def _endings(told: Iterable[TestReportCounts]) -> Iterator[str]:
    """Yield what was fixed, and each failure once, with how to replay it."""
    known: set[str] = set()
    for counts in told:
        if "fixed" in counts:
            yield str(counts["fixed"])
        if "sentence" in counts and counts["replay"] not in known:
            known.add(counts["replay"])
            yield f"{counts['sentence']}\n  {counts['replay']}"
            if counts["annotation"]:
                yield counts["annotation"]


def _worth_knowing(counts: TestReportCounts, *, is_verbose: bool) -> list[str]:
    """Return what mostly stayed undecided, or all that was judged; what never happened, or cannot."""
    judged = counts["judged" if is_verbose else "undecided"]
    warnings = (f"warning: {warning}" for warning in counts["warnings"])
    return [*judged, *counts["never"], *warnings]


def _searched(counted: Iterable[TestReportCounts]) -> str:
    total: Counter[str] = Counter()
    for counts in counted:
        total.update({name: counts[name] for name in ("runs", "completed", "faults")})
    per_run = total["completed"] / max(total["runs"], 1)
    faults = count_of(total["faults"], "fault")
    return f"{total['runs']:,} runs, {per_run:.1f} calls completed a run, {faults}"


# ---- with a profile ------------------------------------------------------------------------------


def _table(searched: Mapping[str, TestReportCounts]) -> Iterator[str]:
    """Yield a line for each test, its shards together."""
    by_test: dict[str, list[TestReportCounts]] = {}
    for test, counts in searched.items():
        if "node_states" in counts:
            by_test.setdefault(test.partition("[shard-")[0], []).append(counts)
    for test, parts in by_test.items():
        yield f"  {test}: {_in_full(parts)}"


def _in_full(parts: Sequence[TestReportCounts]) -> str:
    """Return runs, speed, yield against its floor, faults and coverage of the parts of a test."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update({name: part[name] for name in ("runs", "steps", "completed", "faults")})
    seconds = max(sum(part["seconds"] for part in parts), 1e-9)
    runs = max(total["runs"], 1)
    return (
        f"{total['runs']:,} runs in {len(parts)} part{'s' if len(parts) > 1 else ''}, "
        f"{total['steps'] / seconds:,.0f} steps/s each, "
        f"{total['completed'] / runs:.1f} calls a run (floor {parts[0]['floor']:g}), "
        f"{count_of(total['faults'], 'fault')}, {_distinct(parts, 'node_states'):,} node states, "
        f"{_distinct(parts, 'transitions'):,} transitions"
    )


def _distinct(parts: Sequence[TestReportCounts], what: str) -> int:
    counted = DistinctCount()
    for part in parts:
        counted = counted.plus(part[what])
    return counted.count
