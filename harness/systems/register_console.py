"""How a person talks to the register: write, read, and how answers read."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from counterpoint.harness.play.console import CommandError
from counterpoint.harness.play.word_console import WordConsole
from counterpoint.impl.register.access import UNSIGNED_MAX, AccessControl
from counterpoint.impl.register.messages import Read, Refused, RegisterOperation, Write
from counterpoint.impl.register.protocol import ReplicatedRegister
from counterpoint.impl.register.values import WriteRefused, Written, final_value, write_fault
from counterpoint.model.scenario import Scenario
from counterpoint.model.values import NodeId, Value, show


def operation(scenario: Scenario, node: NodeId, words: Sequence[str]) -> RegisterOperation | None:
    """Return the operation that words ask for: where no server is named, of the one whose task it is."""
    del node
    assert isinstance(scenario.system, ReplicatedRegister), type(scenario.system).__name__
    access = scenario.system.access
    match words:
        case ["write", token, name, low, mid, high, *at] if len(at) < 2:
            number, *parts = (_number(text) for text in (token, low, mid, high))
            if (fault := write_fault(name, parts[0], parts[1], parts[2])) is not None:
                raise CommandError(f"{' '.join(words)}: {fault}")
            server = _server(access, number, at, True)
            return Write(number, name, parts[0], parts[1], parts[2], server)
        case ["read", token, *at] if len(at) < 2:
            number = _number(token)
            return Read(number, _server(access, number, at, False))
    return None


def words_of(asked: Value) -> str:
    """Return the words of an operation, its server included."""
    match asked:
        case Write(token, name, low, mid, high, at):
            return f"write {token} {name} {low} {mid} {high} {at}"
        case Read(token, at):
            return f"read {token} {at}"
    raise AssertionError(f"{asked!r} is no operation of a register")


def answer_text(result: Value) -> tuple[str, bool]:
    """Return how an answer reads, and whether it is a refusal."""
    match result:
        case Refused(why):
            return why, True
        case Written() as written:
            return f"{written} partial {written.partial} final {_final(written)}", False
        case None:
            return "nothing was written yet", False
    return show(result), False


def _final(written: Written) -> str:
    try:
        value = final_value(written)
    except WriteRefused as error:
        return f"not searched ({error})"
    return "none" if value is None else str(value)


def _server(access: AccessControl, token: int, named: Sequence[str], is_write: bool) -> NodeId:
    """Return the server that is named, else one that may do it, else any: it is its to refuse."""
    if named and named[0] not in access.servers:
        raise CommandError(f"{named[0]!r} is no server; servers: {' '.join(access.servers)}")
    found = access.token(token)
    if named or found is None:
        return named[0] if named else access.servers[0]
    return found.writer if is_write else found.readers[0]


def _number(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) <= UNSIGNED_MAX:
        return int(text)
    raise CommandError(f"{text!r} is no number from 0 to {UNSIGNED_MAX}")


CONSOLE = WordConsole(
    commands=MappingProxyType(
        {
            "c1 write 4 abc 5 25 100": "c1 writes abc, low 5, mid 25, high 100, into token 4",
            "c2 read 4": "c2 reads token 4 at its first reader",
            "c2 read 4 s50054": "c2 reads token 4 at s50054; a write, too, may name its server",
        }
    ),
    read=operation,
    written=words_of,
    answered=answer_text,
)
