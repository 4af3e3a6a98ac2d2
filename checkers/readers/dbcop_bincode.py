"""DBCop's older histories in bincode 1: little endian, lengths of eight bytes.

Five numbers (id, nodes, variables, transactions, events), three strings (info, start, end), then
sessions of transactions of events {write: 1 byte, variable: 8, value: 8, success: 1}; each
transaction ends with its success, one byte. Errors name the byte, since there are no lines.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import Case, Cases
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, ReadingLimits
from counterpoint.checkers.readers.sessions import Draft, transaction_history
from counterpoint.checkers.transactions.history import Access


@dataclass(frozen=True, slots=True)
class BareEvent:
    """A read or write of a numbered variable, and whether it succeeded."""

    is_write: bool
    variable: int
    value: int
    success: bool


BareTransaction = tuple[Sequence[BareEvent], bool]


def bare_case(sessions: Iterable[Iterable[BareTransaction]], *, source: str) -> Case:
    """Build the history; value 0, where nobody wrote it, is the initial value.

    Raises:
        UnreadableHistory: no event at all.
    """
    listed = [list(session) for session in sessions]
    count = sum(len(events) for session in listed for events, _ in session)
    if not count:
        raise UnreadableHistory(source, 0, "there is no event in it")
    history = transaction_history(
        ([draft for one in session for draft in _drafts(*one)] for session in listed), initial=0
    )
    return Case(source, "", history, count, initial=0, has_real_time=False)


def _drafts(events: Sequence[BareEvent], success: bool) -> Iterable[Draft]:
    """Keep a failed write of a committed transaction as a transaction of its own, not committed.

    A failed read saw nothing and is left out.
    """
    if not success:
        yield Draft(tuple(map(_access, events)), is_committed=False)
        return
    yield Draft(tuple(_access(event) for event in events if event.success))
    aborted = tuple(_access(event) for event in events if event.is_write and not event.success)
    if aborted:
        yield Draft(aborted, is_committed=False)


def _access(event: BareEvent) -> Access:
    return Access("write" if event.is_write else "read", event.variable, event.value)


NUMBER = struct.Struct("<Q")
PARAMETERS_BYTES = 5 * NUMBER.size
EVENT = struct.Struct("<BQQB")
TRANSACTION_BYTES_MIN = NUMBER.size + 1


def read_dbcop_bincode(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read sessions of transactions.

    Raises:
        UnreadableHistory: cut short, longer than it says, or a truth value that is neither 0 nor 1.
    """
    if isinstance(data, str):
        raise UnreadableHistory(source, 0, "text; bincode is a binary format: open it as bytes")
    if len(data) > limits.bytes_max:
        raise UnreadableHistory(
            source, 0, f"{len(data)} bytes; at most {limits.bytes_max} are read: split the file"
        )
    reading = _BytesReading(data, source)
    sessions = reading.sessions()
    return (bare_case(sessions, source=source),)


@dataclass(slots=True)
class _BytesReading:
    """One walk over the bytes. Every length is compared with what is left before it is used."""

    data: bytes
    source: str
    position: int = 0

    def sessions(self) -> list[list[BareTransaction]]:
        self.skip(PARAMETERS_BYTES, "the five parameters")
        for name in ("info", "start", "end"):
            self.text(name)
        count = self.count("sessions", NUMBER.size)
        sessions = [self.session() for _ in range(count)]
        if self.position != len(self.data):
            left = len(self.data) - self.position
            raise self.error(f"{left} bytes follow the last session")
        return sessions

    def session(self) -> list[BareTransaction]:
        return [
            self.transaction() for _ in range(self.count("transactions", TRANSACTION_BYTES_MIN))
        ]

    def transaction(self) -> BareTransaction:
        count = self.count("events", EVENT.size)
        start = self.position
        self.skip(count * EVENT.size, "the events of a transaction")
        # Bytes, and not a memoryview of them: CPython 3.11 crashes when its collector frees a view
        # that a half-used iterator in a traceback still holds.
        events = [
            BareEvent(self.truth(write), variable, value, self.truth(success))
            for write, variable, value, success in EVENT.iter_unpack(
                self.data[start : self.position]
            )
        ]
        self.skip(1, "the success of a transaction")
        return events, self.truth(self.data[self.position - 1])

    def text(self, name: str) -> None:
        start = self.position + NUMBER.size
        self.skip(self.count(f"characters of {name!r}", 1), f"the text {name!r}")
        try:
            self.data[start : self.position].decode()
        except UnicodeDecodeError:
            raise self.error(f"{name!r} is not UTF-8 text: not a history of this format") from None

    def count(self, what: str, bytes_min: int) -> int:
        """Read a length, and refuse one that what is left cannot hold."""
        self.skip(NUMBER.size, f"the number of {what}")
        (count,) = NUMBER.unpack_from(self.data, self.position - NUMBER.size)
        left = len(self.data) - self.position
        if count * bytes_min > left:
            raise self.error(f"{count} {what} do not fit into the {left} bytes left: truncated?")
        assert isinstance(count, int)
        return count

    def skip(self, count: int, what: str) -> None:
        if self.position + count > len(self.data):
            raise self.error(f"the file ends within {what}: truncated?")
        self.position += count

    def truth(self, byte: int) -> bool:
        if byte > 1:
            raise self.error(f"{byte} where 0 or 1 belongs: not a history of this format")
        return bool(byte)

    def error(self, reason: str) -> UnreadableHistory:
        return UnreadableHistory(self.source, 0, f"at byte {self.position}: {reason}")
