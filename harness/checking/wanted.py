"""What to check and how, and what came of it."""

from __future__ import annotations

import builtins
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from counterpoint.checkers.history import History
from counterpoint.checkers.readers import (
    DEFAULT_LIMITS,
    ReadingLimits,
)
from counterpoint.checkers.readers.case import Interference
from counterpoint.checkers.transactions.history import TransactionHistory
from counterpoint.model.verdict import Verdict

PartitionMode = Literal["auto", "key", "none", "tuple"]
Nil = Literal["value", "unknown"]
OutcomeName = Literal["holds", "broken", "undecided", "error"]


class FromTheFormat:
    """The initial value that the format of a file tells, or None."""

    def __repr__(self) -> str:
        return "FROM_THE_FORMAT"


FROM_THE_FORMAT = FromTheFormat()


NO_RENAMES: Mapping[str, str] = MappingProxyType({})
NO_VALUES: Mapping[Hashable, Hashable] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to check and how; None leaves it to the file.

    `renames` calls functions by other names, `initial_of` says what single keys held at first, and
    `is_initial_unknown` that nobody knows it. `in_short`, a violation has its summary, and not all
    else that may be told of it.
    """

    form: str | None = None
    model: str | None = None
    property: str | None = None
    initial: Hashable | FromTheFormat = FROM_THE_FORMAT
    partition: PartitionMode = "auto"
    timeout_seconds: float | None = None
    total: int | None = None
    allow_negative: bool = False
    limits: ReadingLimits = DEFAULT_LIMITS
    renames: Mapping[str, str] = field(default_factory=lambda: NO_RENAMES)
    initial_of: Mapping[Hashable, Hashable] = field(default_factory=lambda: NO_VALUES)
    is_initial_unknown: bool = False
    nil: Nil | None = None
    in_short: bool = False


LEFT_TO_THE_FILE = Wanted()


@dataclass(frozen=True, slots=True)
class Checked:
    """One history and the verdict on it, or why there is none.

    `case` is empty unless the file holds several. `error` is empty if there is a verdict;
    `traceback` is empty unless the checker itself failed, which is a mistake of ours (`is_defect`)
    unless the model is somebody's own. `notes` say what reading left out or took
    for granted, `interferences` what was done to the system meanwhile.
    """

    file: str
    case: str = ""
    form: str = ""
    model: str = ""
    property: str = ""
    initial: Hashable = None
    history: History | TransactionHistory = ()
    verdict: Verdict | None = None
    error: str = ""
    traceback: str = ""
    is_defect: bool = False
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    interferences: tuple[Interference, ...] = ()

    @builtins.property  # the field of that name hides the decorator
    def title(self) -> str:
        """The file, and after a hash the case."""
        return f"{self.file}#{self.case}" if self.case else self.file

    @builtins.property  # the field of that name hides the decorator
    def operation_count(self) -> int:
        """How many operations or transactions there are."""
        if isinstance(self.history, TransactionHistory):
            return self.history.transaction_count
        return len(self.history)

    @builtins.property  # the field of that name hides the decorator
    def outcome(self) -> OutcomeName:
        """The outcome of the verdict, or "error"."""
        return "error" if self.verdict is None else self.verdict.outcome.value
