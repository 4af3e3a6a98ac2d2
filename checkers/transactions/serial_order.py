"""Serializability and snapshot isolation of transactions: is there an order that explains them?

For snapshot isolation each transaction is two steps, its reads and its writes; of two transactions
that write a common key one must finish before the other begins (first committer wins). "Prefix
consistency" is the same without that condition. Sessions are in program order at every level, so
each of them is stronger than causal consistency, which is looked at first: it is decided in a
moment, and where it is broken it tells more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from counterpoint.checkers.judging import Anomaly, deadline, shrink
from counterpoint.checkers.transactions.check import check_transactions
from counterpoint.checkers.transactions.history import TransactionHistory
from counterpoint.checkers.transactions.reads_from import Sources, restricted, sources_of
from counterpoint.checkers.transactions.serial_search import SerialLevel, search
from counterpoint.model.verdict import Verdict, broken, holds, said, undecided

STEPS_MAX = 200_000
"""How many steps the search takes before it gives up, unless told otherwise or given a time."""

SHRINK_STEPS_MAX = 300
"""How many steps a search takes while a violation is shrunk: too few keep one transaction more."""

WEAKER_MATCHINGS_MAX = 64
"""How many ways to match reads are tried while the weaker level is judged."""


def check_serial_order(
    history: TransactionHistory,
    *,
    level: SerialLevel = "serializability",
    steps_max: int | None = None,
    timeout_seconds: float | None = None,
    clock: Callable[[], float] | None = None,
) -> Verdict:
    """Tell whether an order of the committed transactions explains every read.

    `examined` counts the reads; where there are none, any order would do, and transactions are
    counted. Without any the verdict is UNDECIDED, as it is after `steps_max` steps, by default
    `STEPS_MAX` or else what `timeout_seconds` by `clock` allow. HOLDS carries the order of
    transactions, for snapshot isolation that of their writes. BROKEN carries transactions that
    cannot be ordered whatever the others did, few of them; or the violation of causal consistency,
    if that is broken already.
    """
    is_over = deadline(timeout_seconds, clock)
    sources = sources_of(history)
    if sources.faults:
        fault = sources.faults[0]
        return broken(
            level,
            f"{fault.summary} ({fault.anomaly})",
            examined=sources.read_count,
            culprits=fault.culprits,
            evidence=(Anomaly(fault.anomaly),),
        )
    weaker = check_transactions(history, level="causal", matchings_max=WEAKER_MATCHINGS_MAX)
    if weaker.is_broken:
        return _broken_already(weaker, level)
    if steps_max is None and timeout_seconds is None:
        steps_max = STEPS_MAX
    outcome = search(sources, level, steps_max=steps_max, is_over=is_over)
    if outcome.order is not None:
        witness = tuple(sources.shown[number].transaction.id for number in outcome.order)
        if not sources.read_count:
            summary = "nothing was read, so any order would do"
            return holds(level, examined=len(witness), witness=witness, summary=summary)
        return holds(level, examined=sources.read_count, witness=witness)
    if outcome.cut:
        return undecided(level, outcome.cut, examined=sources.read_count)
    return _violation(sources, level)


def _broken_already(weaker: Verdict, level: SerialLevel) -> Verdict:
    line = said(f"so {weaker.property} is broken, and without it there is no {level}")
    return replace(weaker, property=level, reasons=(*weaker.reasons, line))


def _violation(sources: Sources, level: SerialLevel) -> Verdict:
    core = _shrunk(sources, level)
    outcome = search(core, level, steps_max=STEPS_MAX)
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
    """Leave out transactions while the rest still has no order.

    An order of all would be one of fewer, so what remains proves the violation.
    """

    def has_no_order(kept: Sequence[int]) -> bool:
        fewer = restricted(sources, frozenset(kept))
        outcome = search(fewer, level, steps_max=SHRINK_STEPS_MAX)
        return outcome.order is None and not outcome.cut

    everything = tuple(n for session in sources.sessions for n in session)
    kept = shrink(everything[::-1], len, _without, has_no_order, is_monotone=True)
    return restricted(sources, frozenset(kept))


def _without(numbers: tuple[int, ...], gone: range) -> tuple[int, ...]:
    return numbers[: gone.start] + numbers[gone.stop :]
