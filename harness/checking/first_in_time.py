"""Of several violations the one that came first: judged by beginnings of the history.

A beginning has what was answered until some time, and what put there the values that it shows. What
is left out of a history that a property allows leaves one that it allows, so the longer beginnings
of a broken one are broken, too, and the shortest can be found by halving.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.checkers.transactions.history import TransactionHistory
from counterpoint.harness.checking.places import Place, values_read, values_written
from counterpoint.model.verdict import Outcome, Verdict

WORK_MAX = 200_000
"""How many operations may be judged again, all beginnings together."""

FUNCTIONS = frozenset({"read", "write", "txn"})
"""Of these it is known who put there what an answer shows."""


def first_in_time(
    history: History | TransactionHistory, found: Verdict, judge: Callable[[History], Verdict]
) -> Verdict:
    """Return the violation whose last answer came first; the one that was found if that is it.

    Also where it would take too long to say.
    """
    if isinstance(history, TransactionHistory) or not {op.f for op in history} <= FUNCTIONS:
        return found
    beginnings = Beginnings(history)
    low, high = 0, beginnings.place_of(found)  # the first `low` answers are allowed, `high` are not
    # What was found is nearly always the first, or one of the first.
    middle, width, work = high - 1, 1, 0
    while low < high - 1:
        part = beginnings.until(middle)
        work += len(part)
        if work > WORK_MAX:
            break
        verdict = judge(part)
        if verdict.is_broken:
            found = replace(verdict, examined=found.examined)
            high = min(middle, beginnings.place_of(verdict))
        elif verdict.outcome is Outcome.UNDECIDED and verdict.examined:
            break
        else:
            low = middle
        if low:
            middle = (low + high) // 2
        else:
            middle, width = max(1, high - width), width * 2
    return found


class Beginnings:
    """A history by its answers, in the order in which they came."""

    def __init__(self, history: History) -> None:
        self._history = history
        answered = [op for op in history if op.status == "ok" and op.result is not UNKNOWN]
        self._answered = sorted(answered, key=lambda op: (op.returned, op.called))
        self._place = {op.id: place for place, op in enumerate(self._answered, 1)}
        self._writers: dict[Place, list[Operation]] = {}
        for op in history:
            for place in values_written(op):
                self._writers.setdefault(place, []).append(op)

    def place_of(self, verdict: Verdict) -> int:
        """How many answers there were when a violation was complete; all, if it does not say."""
        whole = len(self._answered)
        return max((self._place.get(name, 1) for name in verdict.culprits), default=whole)

    def until(self, count: int) -> History:
        """The first answers, and whoever put there what they show."""
        kept = {op.id: op for op in self._answered[:count]}
        todo = list(kept.values())
        while todo:
            for place in values_read(todo.pop()):
                for writer in self._writers.get(place, ()):
                    if writer.id not in kept:
                        kept[writer.id] = writer
                        todo.append(writer)
        return tuple(op for op in self._history if op.id in kept)
