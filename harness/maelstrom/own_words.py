"""What Maelstrom's clients ask of a key-value store, in the words of our systems."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from counterpoint.impl.register import messages as register
from counterpoint.impl.register.values import Written
from counterpoint.impl.stores import words as store
from counterpoint.model.values import NodeId, Value

TOKENS = 16
"""The keys that a register has: 0 to 15, each a token that the first node writes and all read."""

FIRST_PORT = 1
ABORTED, NO_SUCH_KEY = 14, 20


@dataclass(frozen=True)
class KeyValueWords:
    """Operations and answers of one system; `access` is what its configuration says, if it has one.

    `operation(body, server)` is None for what the system does not know.
    """

    operation: Callable[[Mapping[str, Any], NodeId], Value]
    answer: Callable[[Mapping[str, Any], Value], Mapping[str, Any]]
    access: Callable[[int], str]


def words_of(system: str) -> KeyValueWords:
    """Return the words of a system.

    Raises:
        ValueError: it is no key-value store.
    """
    if system not in WORDS:
        raise ValueError(f"{system!r} is no key-value store; there are: {', '.join(WORDS)}")
    return WORDS[system]


# ---- the register --------------------------------------------------------------------------------


def _access(count: int) -> str:
    places = [f"h:{FIRST_PORT + number}" for number in range(count)]
    readers = ", ".join(f"'{place}'" for place in places)
    return "\n".join(
        f"- {{token: {token}, writer: '{places[0]}', readers: [{readers}]}}"
        for token in range(TOKENS)
    )


def _token_operation(body: Mapping[str, Any], server: NodeId) -> Value:
    key = body.get("key")
    if not str(key).isdecimal() or int(str(key)) >= TOKENS:
        return None
    match body["type"]:
        case "read":
            return register.Read(int(str(key)), server)
        case "write":
            name = json.dumps(body["value"])
            return register.Write(int(str(key)), name, 0, 2, 4, f"s{FIRST_PORT}")
    return None


def _token_answer(asked: Mapping[str, Any], result: Value) -> Mapping[str, Any]:
    match result:
        case register.Refused(why):
            return {"type": "error", "code": ABORTED, "text": why}
        case Written() as written:
            return {"type": "read_ok", "value": json.loads(written.name)}
    return _nothing(asked) if asked["type"] == "read" else {"type": "write_ok"}


def _nothing(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "error", "code": NO_SUCH_KEY, "text": f"nothing was written to {asked['key']}"}


# ---- the stores ----------------------------------------------------------------------------------


def _store_operation(body: Mapping[str, Any], server: NodeId) -> Value:
    del server
    match body["type"]:
        case "read":
            return store.Read(json.dumps(body["key"]))
        case "write":
            return store.Write(json.dumps(body["key"]), json.dumps(body["value"]))
    return None


def _store_answer(asked: Mapping[str, Any], result: Value) -> Mapping[str, Any]:
    match result:
        case store.Found(copy=store.Copy(value=value)):
            return {"type": "read_ok", "value": json.loads(value)}
        case store.Found():
            return _nothing(asked)
    return {"type": "write_ok"}


def _no_access(count: int) -> str:
    del count
    return ""


_STORE = KeyValueWords(_store_operation, _store_answer, _no_access)
WORDS: Mapping[str, KeyValueWords] = MappingProxyType(
    {
        "register": KeyValueWords(_token_operation, _token_answer, _access),
        "causal_deps": _STORE,
        "causal_lamport": _STORE,
    }
)
