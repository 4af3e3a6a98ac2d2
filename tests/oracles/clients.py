"""The clients of the oracle registers: each writes, perhaps again, then reads, and says so itself."""

from __future__ import annotations

from dataclasses import dataclass

from counterpoint.model.node import Begin, Effect, Input, Receive, Return, Send, Start, Step


@dataclass(frozen=True, slots=True)
class Put:
    request: int
    value: str


@dataclass(frozen=True, slots=True)
class PutOk:
    request: int


@dataclass(frozen=True, slots=True)
class Get:
    request: int


@dataclass(frozen=True, slots=True)
class GetOk:
    request: int
    value: str


@dataclass(frozen=True, slots=True)
class Client:
    """`awaiting` is the request under way, if any; `op_count` how many operations were begun."""

    awaiting: int | None = None
    op_count: int = 0


def client(number: int, state: Client, given: Input, servers: int, put_count: int) -> Step[Client]:
    """Client `number` (the servers come first) puts `put_count` times, then gets once."""
    match given:
        case Start():
            value = chr(ord("A") + number - servers)
            effects = _put(f"s{number % servers}", number, value)
            return Step(Client(number, 1), effects)
        case Receive(_, PutOk(request)) if request == state.awaiting:
            unique = (state.op_count + 1) * number
            to = f"s{(number + state.op_count) % servers}"
            after = Client(unique, state.op_count + 1)
            if state.op_count < put_count:
                value = chr(ord("Z") - (number - servers))
                return Step(after, (Return("ok"), *_put(to, unique, value)))
            return Step(after, (Return("ok"), Begin("get"), Send(to, Get(unique))))
        case Receive(_, GetOk(request, value)) if request == state.awaiting:
            return Step(Client(None, state.op_count + 1), (Return(value),))
        case _:
            return Step(state)


def _put(to: str, request: int, value: str) -> tuple[Effect, ...]:
    return (Begin(("put", value)), Send(to, Put(request, value)))
