"""The exercises that programs are written for: what clients ask, what they are told, what must hold.

They are those of Maelstrom's workloads of the same names; what is sent is in its documentation:
https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Any

from counterpoint.checkers.objects.registers import CasRegister
from counterpoint.checkers.operations import Seen
from counterpoint.harness.claims import answers, linearizable
from counterpoint.harness.maelstrom import exercise_properties as claimed
from counterpoint.harness.maelstrom.external_system import AsksProgram, ProgramError, ReadsAnswer
from counterpoint.harness.maelstrom.json_body import JsonBody, body_of, value_of
from counterpoint.harness.maelstrom.services import LIN_KV, SEQ_KV
from counterpoint.model.claims import Property
from counterpoint.model.values import NodeId, Value

ANSWERS = answers(sends_again=False)
"""Clients do not ask again, nor must programs: what a partition has lost may stay lost."""

DONE = "ok"
NO_SUCH_KEY, ANOTHER_VALUE = 20, 22

DrawsOperations = Callable[..., list[Value]]
"""What a client asks for: (lots, client, count), where `client` is its number."""

SaysFirst = Callable[[Sequence[NodeId]], tuple[JsonBody, ...]]
"""What each program is told after its name, before anything else."""


def _nothing(nodes: Sequence[NodeId]) -> tuple[JsonBody, ...]:
    del nodes
    return ()


@dataclass(frozen=True)
class Exercise:
    """One workload: its operations, how they look on the wire, its services, and what must hold."""

    operations: DrawsOperations
    question: AsksProgram
    answer: ReadsAnswer
    properties: tuple[Property, ...]
    services: tuple[NodeId, ...] = ()
    opening: SaysFirst = _nothing


# ---- echo, unique ids ----------------------------------------------------------------------------


def _echoes(lots: Random, client: int, count: int) -> list[Value]:
    del lots
    return [("echo", f"please {client}.{number}") for number in range(1, count + 1)]


def _generates(lots: Random, client: int, count: int) -> list[Value]:
    del lots, client
    return ["generate"] * count


ECHO = Exercise(
    _echoes,
    lambda operation, _: {"type": "echo", "echo": operation[1]},  # type: ignore[index]
    lambda _, fields, memory: (value_of(fields["echo"]), memory),
    (claimed.ECHO, ANSWERS),
)

UNIQUE_IDS = Exercise(
    _generates,
    lambda _, __: {"type": "generate"},
    lambda _, fields, memory: (value_of(fields["id"]), memory),
    (claimed.UNIQUE, ANSWERS),
)


# ---- sets and counters that grow -----------------------------------------------------------------


def _broadcasts(lots: Random, client: int, count: int) -> list[Value]:
    made: list[Value] = []
    for number in range(count):
        made.append("read" if lots.random() < 0.3 else ("broadcast", 100 * client + number))
    return made


def _line(nodes: Sequence[NodeId]) -> tuple[JsonBody, ...]:
    """A topology in which each node knows the one before and the one after it."""
    neighbours = {
        node: [*nodes[max(k - 1, 0) : k], *nodes[k + 1 : k + 2]] for k, node in enumerate(nodes)
    }
    return (body_of({"type": "topology", "topology": neighbours, "msg_id": 2}),)


def _of_word(operation: Value, memory: Value) -> Mapping[str, Any]:
    del memory
    match operation:
        case ("broadcast", message):
            return {"type": "broadcast", "message": message}
        case ("add", number):
            return {"type": "add", "delta": number}
        case "read":
            return {"type": "read"}
    raise AssertionError(operation)


def _set_answer(operation: Value, fields: Mapping[str, Any], memory: Value) -> tuple[Value, Value]:
    if operation != "read":
        return DONE, memory
    return tuple(sorted(map(int, fields["messages"]))), memory


def _adds(lots: Random, client: int, count: int) -> list[Value]:
    del client
    return ["read" if lots.random() < 0.3 else ("add", lots.randint(1, 5)) for _ in range(count)]


def _count_answer(
    operation: Value, fields: Mapping[str, Any], memory: Value
) -> tuple[Value, Value]:
    return (DONE if operation != "read" else int(fields["value"])), memory


def _elements(lots: Random, client: int, count: int) -> list[Value]:
    made: list[Value] = []
    for number in range(count):
        made.append("read" if lots.random() < 0.3 else ("add", 100 * client + number))
    return made


def _element_question(operation: Value, memory: Value) -> Mapping[str, Any]:
    del memory
    if isinstance(operation, tuple):
        return {"type": "add", "element": operation[1]}
    return {"type": "read"}


def _element_answer(
    operation: Value, fields: Mapping[str, Any], memory: Value
) -> tuple[Value, Value]:
    return (tuple(sorted(map(int, fields["value"]))) if operation == "read" else DONE), memory


def _changes(lots: Random, client: int, count: int) -> list[Value]:
    del client
    return ["read" if lots.random() < 0.3 else ("add", lots.randint(-5, 5)) for _ in range(count)]


BROADCAST = Exercise(
    _broadcasts, _of_word, _set_answer, (claimed.BROADCAST, ANSWERS), opening=_line
)
G_COUNTER = Exercise(_adds, _of_word, _count_answer, (claimed.COUNTER, ANSWERS), services=(SEQ_KV,))

G_SET = Exercise(_elements, _element_question, _element_answer, (claimed.SET, ANSWERS))
PN_COUNTER = Exercise(
    _changes, _of_word, _count_answer, (claimed.COUNTER, ANSWERS), services=(SEQ_KV,)
)


# ---- a key-value store ---------------------------------------------------------------------------


def _key_calls(lots: Random, client: int, count: int) -> list[Value]:
    made: list[Value] = []
    for number in range(count):
        key, value = lots.choice((0, 0, 0, 1)), 10 * client + number
        kind = lots.choice(("read", "read", "read", "write", "write", "cas"))
        asked: Mapping[str, Value] = {
            "read": ("read", key), "write": ("write", key, value),
            "cas": ("cas", key, lots.choice((0, 10, 20, 11, 21)), value),
        }  # fmt: skip
        made.append(asked[kind])
    return made


def _key_question(operation: Value, memory: Value) -> Mapping[str, Any]:
    del memory
    match operation:
        case ("read", key):
            return {"type": "read", "key": key}
        case ("write", key, value):
            return {"type": "write", "key": key, "value": value}
        case ("cas", key, old, new):
            return {"type": "cas", "key": key, "from": old, "to": new}
    raise AssertionError(operation)


def _key_answer(operation: Value, fields: Mapping[str, Any], memory: Value) -> tuple[Value, Value]:
    is_read = isinstance(operation, tuple) and operation[0] == "read"
    return (value_of(fields["value"]) if is_read else DONE), memory


def key_view(operation: Value, result: Any) -> Seen:
    """Return how an operation of a key-value store looks to a checker of registers."""
    match operation, result:
        case ("read", key), ProgramError(code=20):
            return Seen("read", key, None, None)
        case ("read", key), _:
            is_failed = isinstance(result, ProgramError)
            return Seen("read", key, None, result, "fail" if is_failed else "ok")
        case ("write", key, value), _:
            return Seen("write", key, value, None, _status(result))
        case ("cas", key, old, new), ProgramError(code=code) if code in (
            NO_SUCH_KEY,
            ANOTHER_VALUE,
        ):
            return Seen("cas", key, (old, new), False)
        case ("cas", key, old, new), _:
            return Seen("cas", key, (old, new), True, _status(result))
    raise AssertionError(operation)


def _status(result: object) -> Any:
    if not isinstance(result, ProgramError):
        return "ok"
    return "fail" if result.is_certain else "info"


KEY_VALUE = Exercise(
    _key_calls, _key_question, _key_answer,
    (linearizable(CasRegister(), view=key_view), ANSWERS), services=(LIN_KV,),
)  # fmt: skip


# ---- a replicated log ----------------------------------------------------------------------------


def _log_calls(lots: Random, client: int, count: int) -> list[Value]:
    made: list[Value] = []
    for number in range(count):
        kind = lots.choice(("send", "send", "send", "poll", "poll", "commit", "committed"))
        made.append(("send", "k", 100 * client + number) if kind == "send" else kind)
    return made


def _log_question(operation: Value, memory: Value) -> Mapping[str, Any]:
    """A client polls on from where it was, and commits how far it has come."""
    offset = memory[0] if isinstance(memory, tuple) and memory else 0
    match operation:
        case ("send", key, message):
            return {"type": "send", "key": key, "msg": message}
        case "poll":
            return {"type": "poll", "offsets": {"k": offset}}
        case "commit":
            return {"type": "commit_offsets", "offsets": {"k": max(offset - 1, 0)}}
        case "committed":
            return {"type": "list_committed_offsets", "keys": ["k"]}
    raise AssertionError(operation)


def _log_answer(operation: Value, fields: Mapping[str, Any], memory: Value) -> tuple[Value, Value]:
    match operation:
        case ("send", _, _):
            return int(fields["offset"]), memory
        case "poll":
            found = tuple((int(at), value_of(what)) for at, what in fields["msgs"].get("k", ()))
            return found, ((found[-1][0] + 1,) if found else memory)
        case "committed":
            return value_of(fields["offsets"].get("k")), memory
    # What was committed is what was known when it was asked for, which is what is known still.
    offset = memory[0] if isinstance(memory, tuple) and memory else 0
    return max(offset - 1, 0), memory


REPLICATED_LOG = Exercise(
    _log_calls, _log_question, _log_answer,
    (claimed.LOG, claimed.COMMITTED, ANSWERS), services=(LIN_KV, SEQ_KV),
)  # fmt: skip

# ---- transactions --------------------------------------------------------------------------------


def _transactions(lots: Random, client: int, count: int) -> list[Value]:
    """Transactions of one to three steps on two keys: reads, and appends of elements used once."""
    made: list[Value] = []
    for number in range(count):
        steps: list[Value] = []
        for step in range(lots.randint(1, 3)):
            key, element = lots.randrange(2), 100 * client + 10 * number + step
            steps.append(("r", key, None) if lots.random() < 0.5 else ("append", key, element))
        made.append(("txn", tuple(steps)))
    return made


def _transaction_answer(
    operation: Value, fields: Mapping[str, Any], memory: Value
) -> tuple[Value, Value]:
    del operation
    return value_of(fields["txn"]), memory


TRANSACTIONS = Exercise(
    _transactions,
    lambda operation, _: {"type": "txn", "txn": operation[1]},  # type: ignore[index]
    _transaction_answer,
    (claimed.TRANSACTIONS, ANSWERS),
    services=(LIN_KV,),
)

EXERCISES: Mapping[str, Exercise] = MappingProxyType(
    {
        "echo": ECHO,
        "unique-ids": UNIQUE_IDS,
        "broadcast": BROADCAST,
        "g-set": G_SET,
        "g-counter": G_COUNTER,
        "pn-counter": PN_COUNTER,
        "lin-kv": KEY_VALUE,
        "kafka": REPLICATED_LOG,
        "txn-list-append": TRANSACTIONS,
    }
)
