"""The properties that `counterpoint check` can judge, by the names that the command line gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from counterpoint.model.verdict import Verdict

if TYPE_CHECKING:
    pass


from counterpoint.harness.checking.judges import (
    Task,
    judge_bank_totals,
    judge_by_key,
    judge_causal,
    judge_causal_or_transactional,
    judge_convergent_or_transactional,
    judge_eventual_count,
    judge_isolation,
    judge_linearizability,
    judge_no_inversion,
    judge_operations,
    judge_regular,
    judge_safe,
    judge_sequential,
    judge_serial,
    judge_sessions,
    judge_strict,
    judge_weak,
    judge_weak_regular,
)


@dataclass(frozen=True, slots=True)
class NamedProperty:
    """A property by the name that the command line gives it.

    `tells_first` says that its checker explains the violation that came first of its own accord.
    """

    name: str
    summary: str
    judge: Callable[[Task], Verdict]
    needs_real_time: bool = False
    tells_first: bool = False


_PROPERTIES: Sequence[NamedProperty] = (
    NamedProperty(
        "linearizability",
        "one at a time, each within its time",
        judge_linearizability,
        needs_real_time=True,
        tells_first=True,
    ),
    NamedProperty(
        "safe", "single writer: undisturbed reads are right", judge_by_key(judge_safe), True, True
    ),
    NamedProperty(
        "regular", "reads are of now or of meanwhile", judge_by_key(judge_regular), True, True
    ),
    NamedProperty(
        "weak-regular", "... though they disagree", judge_by_key(judge_weak_regular), True, True
    ),
    NamedProperty(
        "no-inversion",
        "single writer: reads never go back",
        judge_by_key(judge_no_inversion),
        True,
        True,
    ),
    NamedProperty(
        "sequential-consistency",
        "one at a time, each client in its order",
        judge_sequential,
    ),
    NamedProperty(
        "causal-consistency",
        "causes before effects",
        judge_isolation("causal", judge_causal_or_transactional),
    ),
    NamedProperty(
        "causal-convergence", "... and one order for all", judge_convergent_or_transactional
    ),
    NamedProperty("causal-memory", "... and one order per client", judge_causal("cm")),
    NamedProperty("read-your-writes", "a session guarantee", judge_sessions("RYW")),
    NamedProperty("monotonic-reads", "a session guarantee", judge_sessions("MR")),
    # Nothing shows these two to an observer whose own reads may go back.
    NamedProperty("monotonic-writes", "... seen by monotonic readers", judge_sessions("MR", "MW")),
    NamedProperty(
        "writes-follow-reads", "... seen by monotonic readers", judge_sessions("MR", "WFR")
    ),
    NamedProperty(
        "session-guarantees", "all four together", judge_sessions("RYW", "MR", "MW", "WFR")
    ),
    NamedProperty(
        "read-committed",
        "transactions see committed ones only, in one order",
        judge_isolation("read committed", judge_weak("read committed")),
    ),
    NamedProperty(
        "repeatable-read",
        "... and one version of each key",
        judge_isolation("repeatable read", judge_weak("repeatable read")),
    ),
    NamedProperty(
        "read-atomic",
        "... and others whole or not at all",
        judge_isolation("read atomic", judge_weak("read atomic")),
    ),
    NamedProperty(
        "prefix-consistency",
        "snapshots of one order",
        judge_isolation(None, judge_serial("prefix consistency")),
    ),
    NamedProperty(
        "snapshot-isolation",
        "... and the first committer wins",
        judge_isolation("snapshot isolation", judge_serial("snapshot isolation")),
    ),
    NamedProperty(
        "serializability",
        "one order of whole transactions",
        judge_isolation("serializability", judge_serial("serializability")),
    ),
    NamedProperty(
        "strong-session-serializability",
        "... that keeps each session's order",
        judge_isolation("strong session serializability", judge_serial("serializability")),
    ),
    NamedProperty(
        "strict-serializability",
        "... that real time allows",
        judge_isolation("strict serializability", judge_strict),
        needs_real_time=True,
    ),
    NamedProperty(
        "conserved-total",
        "a bank's balances always add up",
        judge_bank_totals,
    ),
    NamedProperty(
        "counter-bounds",
        "a counter shows what was added",
        judge_operations("counters:check_counter_bounds"),
        needs_real_time=True,
    ),
    NamedProperty(
        "no-lost-element",
        "a set keeps what was added",
        judge_operations("elements:check_set_survival"),
        needs_real_time=True,
    ),
    NamedProperty(
        "eventual-count",
        "a counter shows what was added, in the end",
        judge_eventual_count,
        needs_real_time=True,
    ),
    NamedProperty(
        "unique-ids",
        "no identifier is handed out twice",
        judge_operations("elements:check_unique_ids"),
    ),
    NamedProperty(
        "log-delivery",
        "a log is one order, and nothing is left out of it",
        judge_operations("log_delivery:check_log_delivery"),
    ),
    NamedProperty(
        "no-long-fork",
        "no two reads contradict each other's order",
        judge_operations("elements:check_long_fork"),
    ),
)
PROPERTIES: Mapping[str, NamedProperty] = MappingProxyType({one.name: one for one in _PROPERTIES})
