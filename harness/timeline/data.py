"""What the page of a history shows, in few bytes: columns of numbers, and each text once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import lt

from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation
from counterpoint.checkers.readers.case import Interference
from counterpoint.checkers.transactions.history import TransactionHistory
from counterpoint.harness.checking.wanted import Checked
from counterpoint.harness.timeline.periods import periods_of
from counterpoint.model.inert import plain

TEXT_MAX = 60
REASON_MAX = 400
REASONS_MAX = 40
STATUSES = ("ok", "fail", "info")


@dataclass(slots=True)
class Texts:
    """Each text once, by number."""

    listed: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        """Return the number of a text."""
        if text not in self.numbers:
            self.numbers[text] = len(self.listed)
            self.listed.append(text)
        return self.numbers[text]


def timeline_data(checked: Checked, *, legal_until: float | None = None) -> dict[str, object]:
    """Return what the page shows of a checked history.

    Its time is the number of events where all are known, as reports tell them, else ranks.

    `legal_until` is the last rank up to which the history still has a legal order.

    Raises:
        ValueError: sessions of transactions without times, of which no such picture can be made.
    """
    if isinstance(checked.history, TransactionHistory):
        raise ValueError(
            f"{checked.title} has transactions without times; this picture needs calls and returns"
        )
    verdict = checked.verdict
    reasons = [] if verdict is None else [*verdict.because, *(e.because for e in verdict.edges)]
    place = {op.id: number for number, op in enumerate(checked.history)}
    culprits = [] if verdict is None else [place[c] for c in verdict.culprits if c in place]
    return {
        "title": plain(checked.title, 200),
        "property": checked.property,
        "outcome": checked.outcome,
        "summary": plain(checked.error if verdict is None else verdict.summary, REASON_MAX),
        "because": [plain(text, REASON_MAX) for text in dict.fromkeys(reasons) if text][
            :REASONS_MAX
        ],
        "notes": [plain(note, REASON_MAX) for note in checked.notes],
        "culprits": list(culprits),
        "legal": -1 if legal_until is None else _time_of(legal_until, checked.history),
        "periods": periods(checked.interferences, checked.history),
        **columns(checked.history),
    }


def by_steps(history: History) -> bool:
    """Tell whether every event of a history has a number, and the numbers are in their order.

    >>> by_steps((Operation("o1", "a", "read", None, None, 5, 0, 1),))
    False
    """
    ends = [(op.called, op.call_step) for op in history]
    ends += [(op.returned, op.return_step) for op in history if not op.is_open]
    steps = [step for _, step in sorted(ends)]
    return all(step >= 0 for step in steps) and all(map(lt, steps, steps[1:]))


def times_of(history: History) -> list[tuple[float, float]]:
    """Return when each operation was called and answered; infinity for one that was not."""
    if not by_steps(history):
        return [(op.called, op.returned) for op in history]
    return [(op.call_step, OPEN if op.is_open else op.return_step) for op in history]


def _time_of(rank: float, history: History) -> float:
    """Return when the operation returned that did so at a rank."""
    times = zip(history, times_of(history), strict=True)
    return next((returned for op, (_, returned) in times if op.returned == rank), rank)


def columns(history: History) -> dict[str, object]:
    """Return the operations: how far each call is from the one before, how long it took, and texts.

    A duration of -1 is a call without an answer.
    """
    texts, clients, functions = Texts(), Texts(), Texts()
    times = times_of(history)
    called = [call for call, _ in times]
    return {
        "ids": _ids(history),
        "client": [clients.number(plain(op.client, TEXT_MAX)) for op in history],
        "f": [functions.number(plain(op.f, TEXT_MAX)) for op in history],
        "asked": [texts.number(_asked(op)) for op in history],
        "said": [texts.number(_said(op)) for op in history],
        "status": [STATUSES.index(op.status) for op in history],
        "step": [after - before for before, after in zip([0.0, *called], called, strict=False)],
        "long": [-1 if returned == OPEN else returned - call for call, returned in times],
        "texts": list(texts.listed),
        "clients": list(clients.listed),
        "functions": list(functions.listed),
    }


def _ids(history: Sequence[Operation]) -> list[object]:
    """Return the names, or nothing where they are o1, o2, o3 and so on."""
    names = [op.id for op in history]
    return [] if names == [f"o{n}" for n in range(1, len(names) + 1)] else [*map(plain, names)]


def _asked(op: Operation) -> str:
    key = "" if op.key is None else f"{op.key!r} "
    return plain(key + ("" if op.argument is None else repr(op.argument)), TEXT_MAX).strip()


def _said(op: Operation) -> str:
    if op.result is UNKNOWN or (op.result is None and op.f not in ("read", "get")):
        return ""
    return plain(repr(op.result), TEXT_MAX)


def periods(interferences: Iterable[Interference], history: History) -> list[object]:
    """Return what was done to the system: beginning, end, and what it was."""
    ends = [call if returned == OPEN else returned for call, returned in times_of(history)]
    end = max(ends, default=0.0)
    return [[p.begin, p.end, plain(p.what, TEXT_MAX)] for p in periods_of(interferences, end)]
