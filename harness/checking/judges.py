"""What each property asks of a history: the checker behind it, imported when it is asked.

Importing all checkers takes as long as judging a hundred thousand operations.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

from counterpoint.checkers.history import History, by_key
from counterpoint.checkers.transactions.history import TransactionHistory, sessions_of
from counterpoint.harness.checking.forms import CannotCheck, check_forms
from counterpoint.harness.checking.models import Model
from counterpoint.harness.checking.preparing import one_by_one
from counterpoint.model.inert import quoted
from counterpoint.model.verdict import Verdict, said

if TYPE_CHECKING:
    from counterpoint.checkers.causal.levels import Level
    from counterpoint.checkers.sessions.judge import Guarantee
    from counterpoint.checkers.transactions.levels import IsolationLevel
    from counterpoint.checkers.transactions.list_append import ListLevel
    from counterpoint.checkers.transactions.serial_search import SerialLevel


@dataclass(frozen=True, slots=True)
class Task:
    """One history to be judged: what it is of, and what the user said about it.

    `is_one_object` tells that operations of different keys depend on each other, `in_short` that
    no more than the summary of a violation is shown.
    """

    history: History | TransactionHistory
    model: Model
    initial: Hashable
    has_real_time: bool = True
    is_one_object: bool = False
    timeout_seconds: float | None = None
    total: int | None = None
    allow_negative: bool = False
    in_short: bool = False

    @property
    def operations(self) -> History:
        """The operations.

        Raises:
            CannotCheck: the history has transactions without times.
        """
        if isinstance(self.history, TransactionHistory):
            raise CannotCheck("the format records sessions of transactions, and no operations")
        return self.history

    @property
    def initial_number(self) -> int:
        """What a counter holds at first: 0 unless told.

        Raises:
            CannotCheck: it is no whole number.
        """
        if self.initial is None:
            return 0
        if isinstance(self.initial, int) and not isinstance(self.initial, bool):
            return self.initial
        raise CannotCheck(f"a counter begins with a number, and not with {quoted(self.initial)}")

    @property
    def transactions(self) -> TransactionHistory:
        """The sessions of transactions; each operation is one if there are no others."""
        if isinstance(self.history, TransactionHistory):
            return self.history
        return sessions_of(self.history, initial=self.initial)


def judge_linearizability(task: Task) -> Verdict:
    return _linearized(task, "linearizability")


def _linearized(task: Task, name: str) -> Verdict:
    """Judge each key alone: linearizability is local, so one map of all keys has it if each key has.

    An object of one's own without such parts is judged as one where that is asked for.
    """
    from counterpoint.checkers.linearizability.check import check_linearizability
    from counterpoint.checkers.objects.p_compositionality import whole
    from counterpoint.harness.checking.specifications import specification_of

    model, history = task.model, task.operations
    check_forms(history, model.name, model.functions)
    specification = specification_of(model, history, task.initial)
    return check_linearizability(
        history,
        specification,
        name=name,
        partition=whole if task.is_one_object and not model.functions else by_key,
        timeout_seconds=task.timeout_seconds,
        clock=time.monotonic,
        in_short=task.in_short,
    )


def judge_by_key(check: Callable[..., Verdict]) -> Callable[[Task], Verdict]:
    """Judge each key alone: the property speaks of one object at a time."""

    def judge(task: Task) -> Verdict:
        from counterpoint.checkers.history import exact_history
        from counterpoint.checkers.operations import joined

        parts = by_key(exact_history(task.operations))
        verdicts = {key: check(part, initial=task.initial) for key, part in parts.items()}
        ended = {op.id: op.returned for op in task.operations}
        verdicts = dict(sorted(verdicts.items(), key=lambda one: _when(one[1], ended)))
        name = next(iter(verdicts.values())).property if verdicts else "nothing"
        return joined(name, verdicts)

    return judge


def _when(verdict: Verdict, ended: Mapping[str, float]) -> float:
    """When a violation was complete: the first one is told in full."""
    return max((ended.get(name, 0) for name in verdict.culprits), default=math.inf)


def judge_regular(history: History, *, initial: Hashable) -> Verdict:
    """Judge a register with one writer as Lamport does, with several by one order of writes."""
    from counterpoint.checkers.register.multi_writer import check_regular_in_one_order
    from counterpoint.checkers.register.single_writer import check_regular

    writers = {op.client for op in history if op.f == "write" and op.status != "fail"}
    check = check_regular if len(writers) <= 1 else check_regular_in_one_order
    return check(history, initial=initial)


def judge_causal(level: Level) -> Callable[[Task], Verdict]:
    def judge(task: Task) -> Verdict:
        from counterpoint.checkers.causal.check import check_causal

        return check_causal(task.operations, level=level, initial=task.initial)

    return judge


def judge_sessions(*guarantees: Guarantee) -> Callable[[Task], Verdict]:
    def judge(task: Task) -> Verdict:
        if task.model.name == "list-append":
            from counterpoint.checkers.transactions.list_versions import check_list_sessions

            return check_list_sessions(task.operations, guarantees=guarantees)
        from counterpoint.checkers.sessions.check import check_sessions

        history = one_by_one(task.operations)
        return check_sessions(history, guarantees=guarantees, initial=task.initial)

    return judge


def judge_isolation(
    lists: ListLevel | None, transactions: Callable[[Task], Verdict]
) -> Callable[[Task], Verdict]:
    """Judge lists by their own dependencies, all else as sessions of reads and writes."""

    def judge(task: Task) -> Verdict:
        if task.model.name == "list-append":
            if lists is None:
                raise CannotCheck("this property is not defined for appended lists")
            from counterpoint.checkers.transactions.list_append import check_list_append

            return check_list_append(task.operations, level=lists)
        return transactions(task)

    return judge


def judge_weak(level: IsolationLevel) -> Callable[[Task], Verdict]:
    def judge(task: Task) -> Verdict:
        from counterpoint.checkers.transactions.check import check_transactions

        return check_transactions(task.transactions, level=level)

    return judge


def judge_serial(level: SerialLevel) -> Callable[[Task], Verdict]:
    def judge(task: Task) -> Verdict:
        from counterpoint.checkers.transactions.serial_order import check_serial_order

        return check_serial_order(
            task.transactions,
            level=level,
            timeout_seconds=task.timeout_seconds,
            clock=time.monotonic,
        )

    return judge


def judge_convergent_or_transactional(task: Task) -> Verdict:
    """Judge causal convergence; of transactions the causal level, which is the same with one order.

    Biswas and Enea's causal consistency of transactions asks for one order of all of them, so on
    transactions of one operation it is exactly causal convergence (OOPSLA 2019).
    """
    is_plain = not isinstance(task.history, TransactionHistory)
    return (judge_causal("ccv") if is_plain else judge_weak("causal"))(task)


def judge_causal_or_transactional(task: Task) -> Verdict:
    """Judge reads and writes one by one where there are no transactions."""
    is_plain = not isinstance(task.history, TransactionHistory) and task.model.name == "register"
    return (judge_causal("cc") if is_plain else judge_weak("causal"))(task)


def judge_strict(task: Task) -> Verdict:
    """Strict serializability of reads and writes is linearizability of all registers as one."""
    name = "strict serializability"
    if task.model.name in ("rw-register", "multi-register"):
        weaker = _causally_broken(task)
        if weaker is not None:
            return _broken_already(weaker, name)
    verdict = _linearized(task, name)
    if not verdict.is_broken or task.model.name not in ("rw-register", "multi-register"):
        return verdict
    from counterpoint.checkers.transactions.reasons import writers_of

    lines = writers_of(task.operations, verdict.culprits)
    return replace(verdict, reasons=(*verdict.reasons, *map(said, lines)))


def _broken_already(weaker: Verdict, name: str) -> Verdict:
    """Let a weaker property that is broken decide a stronger one."""
    line = said(f"so {weaker.property} is broken, and without it there is no {name}")
    return replace(weaker, property=name, reasons=(*weaker.reasons, line))


def judge_sequential(task: Task) -> Verdict:
    """Judge causal consistency of a register first: that is fast, and seldom the part that holds."""
    if task.model.name == "register" and not isinstance(task.history, TransactionHistory):
        weaker = judge_causal("cc")(task)
        if weaker.is_broken:
            return _broken_already(weaker, "sequential consistency")
    return judge_serial("serializability")(task)


def _causally_broken(task: Task) -> Verdict | None:
    """Judge the weaker level first, which is fast, where there are only transactions and the like."""
    if any(op.f != "txn" for op in task.operations):
        return None
    from counterpoint.checkers.transactions.check import check_transactions

    verdict = check_transactions(task.transactions, level="causal", matchings_max=64)
    return verdict if verdict.is_broken else None


def judge_safe(history: History, *, initial: Hashable) -> Verdict:
    from counterpoint.checkers.register.single_writer import check_safe

    return check_safe(history, initial=initial)


def judge_weak_regular(history: History, *, initial: Hashable) -> Verdict:
    from counterpoint.checkers.register.multi_writer import check_weak_regular

    return check_weak_regular(history, initial=initial)


def judge_no_inversion(history: History, *, initial: Hashable) -> Verdict:
    from counterpoint.checkers.register.single_writer import check_no_inversion

    return check_no_inversion(history, initial=initial)


def judge_bank_totals(task: Task) -> Verdict:
    from counterpoint.checkers.counters import check_bank_totals

    return check_bank_totals(task.operations, total=task.total, allow_negative=task.allow_negative)


def judge_eventual_count(task: Task) -> Verdict:
    from counterpoint.checkers.counters import check_eventual_counter

    return check_eventual_counter(task.operations, initial=task.initial_number)


def judge_operations(home: str) -> Callable[[Task], Verdict]:
    """Judge operations by a checker that asks nothing else: "module:function" of `checkers`."""
    module, _, function = home.partition(":")

    def judge(task: Task) -> Verdict:
        check = getattr(import_module(f"counterpoint.checkers.{module}"), function)
        verdict: Verdict = check(task.operations)
        return verdict

    return judge
