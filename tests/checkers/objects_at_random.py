"""For every object: how to draw operations and answers for it at random."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from random import Random

from counterpoint.checkers.objects.specifications import (
    AppendList,
    Bank,
    CasRegister,
    Counter,
    Ledger,
    MultiRegister,
    Mutex,
    Queue,
    Register,
    Set,
    Specification,
    Stack,
    Text,
)
from tests.checkers.random_histories import Answer, Draw


@dataclass(frozen=True)
class Drawn:
    """A specification with its random operations and random answers, few enough to collide."""

    specification: Specification
    draw: Draw
    answer: Answer


def _one_of(*calls: tuple[str, Callable[[Random], Hashable]]) -> Draw:
    def draw(random: Random, _index: int) -> tuple[str, Hashable]:
        f, argument = random.choice(calls)
        return f, argument(random)

    return draw


def _nothing(_random: Random) -> None:
    return None


def _value(random: Random) -> int:
    return random.randint(0, 2)


def _some_none(random: Random) -> int | None:
    return random.choice((None, 1, 2))


def _pair(random: Random) -> tuple[int, int]:
    return _value(random), _value(random)


def _register_answer(random: Random, f: str, _argument: Hashable) -> Hashable:
    match f:
        case "read":
            return random.randint(0, 3)
        case "cas":
            return random.random() < 0.5
        case _:
            return None


def _container_answer(random: Random, f: str, _argument: Hashable) -> Hashable:
    return random.choice((None, 1, 2, 3)) if f in ("dequeue", "pop") else None


def _set_answer(random: Random, f: str, _argument: Hashable) -> Hashable:
    match f:
        case "read":
            return frozenset(random.sample((1, 2), random.randint(0, 2)))
        case "contains":
            return random.random() < 0.5
        case _:
            return random.choice((None, None, True, False))


def _micro(random: Random) -> tuple[tuple[str, str, int | None], ...]:
    steps: list[tuple[str, str, int | None]] = []
    for _ in range(random.randint(1, 2)):
        key = random.choice("xy")
        steps.append(random.choice((("r", key, None), ("w", key, random.randint(1, 2)))))
    return tuple(steps)


def _multi_answer(random: Random, f: str, argument: Hashable) -> Hashable:
    match f, argument:
        case "read", _:
            return random.randint(0, 2)
        case "txn", tuple(steps):
            return tuple(
                (kind, key, random.randint(0, 2) if kind == "r" else value)
                for kind, key, value in steps
            )
        case _:
            return None


def _accounts(random: Random) -> tuple[str, str, int]:
    source, target = random.sample("ab", 2)
    return source, target, random.randint(1, 2)


def _bank_answer(random: Random, f: str, _argument: Hashable) -> Hashable:
    if f == "transfer":
        return random.choice((None, True, False))
    held = random.randint(0, 3)
    return (("a", held), ("b", 3 - held))


def _payment(random: Random) -> tuple[int, int, int]:
    return random.randint(0, 1), random.randint(1, 2), random.randint(1, 2)


def _ledger_answer(random: Random, f: str, _argument: Hashable) -> Hashable:
    if f == "pay":
        return random.choice(("OK", "OK", "not the owner"))
    tokens = random.sample((0, 1), random.randint(0, 2))
    return frozenset((token, random.randint(1, 2)) for token in tokens)


def _different(put: str, take: str) -> Draw:
    """Elements that are put in once, so that it is known who takes them out."""

    def draw(random: Random, index: int) -> tuple[str, Hashable]:
        return (put, index + 1) if random.random() < 0.55 else (take, None)

    return draw


def _taken(random: Random, f: str, _argument: Hashable) -> Hashable:
    return random.choice((None, 0, 1, 2, 3, 4, 5)) if f in ("dequeue", "pop") else None


def _different_micro(random: Random, index: int) -> tuple[str, Hashable]:
    steps: list[tuple[str, str, int | None]] = []
    for key in random.sample("xy", random.randint(1, 2)):
        steps.append(random.choice((("r", key, None), ("w", key, index + 1))))
    return "txn", tuple(steps)


def _seen_micro(random: Random, _f: str, argument: Hashable) -> Hashable:
    assert isinstance(argument, tuple), argument
    return tuple(
        (kind, key, random.randint(0, 5) if kind == "r" else value) for kind, key, value in argument
    )


OBJECTS: dict[str, Drawn] = {
    "queue of different elements": Drawn(Queue((0,)), _different("enqueue", "dequeue"), _taken),
    "stack of different elements": Drawn(Stack((0,)), _different("push", "pop"), _taken),
    "multi-register of different values": Drawn(MultiRegister(0), _different_micro, _seen_micro),
    "register": Drawn(
        Register(0), _one_of(("write", _value), ("read", _nothing)), _register_answer
    ),
    "cas register": Drawn(
        CasRegister(0),
        _one_of(("write", _value), ("read", _nothing), ("cas", _pair)),
        _register_answer,
    ),
    "multi-register": Drawn(
        MultiRegister(0),
        _one_of(
            ("txn", _micro),
            ("read", lambda random: random.choice("xy")),
            ("write", lambda random: (random.choice("xy"), random.randint(1, 2))),
        ),
        _multi_answer,
    ),
    "mutex": Drawn(
        Mutex(),
        _one_of(("acquire", _nothing), ("release", _nothing)),
        lambda _random, _f, _argument: None,
    ),
    "counter": Drawn(
        Counter(),
        _one_of(("add", lambda random: random.choice((1, 1, 2, -1))), ("read", _nothing)),
        lambda random, f, _argument: random.choice(
            (None, None, -1, 0, 1, 2, 3) if f == "add" else (0, 1, 2, 3)
        ),
    ),
    "set": Drawn(
        Set(),
        _one_of(
            ("add", lambda random: random.randint(1, 2)),
            ("remove", lambda random: random.randint(1, 2)),
            ("contains", lambda random: random.randint(1, 2)),
            ("read", _nothing),
        ),
        _set_answer,
    ),
    "queue": Drawn(
        Queue(),
        _one_of(("enqueue", lambda random: random.randint(1, 3)), ("dequeue", _nothing)),
        _container_answer,
    ),
    "stack": Drawn(
        Stack(),
        _one_of(("push", lambda random: random.randint(1, 3)), ("pop", _nothing)),
        _container_answer,
    ),
    "queue with None": Drawn(
        Queue(),
        _one_of(("enqueue", _some_none), ("dequeue", _nothing)),
        _container_answer,
    ),
    "stack with None": Drawn(
        Stack((None,)),
        _one_of(("push", _some_none), ("pop", _nothing)),
        _container_answer,
    ),
    "list": Drawn(
        AppendList(),
        _one_of(
            ("append", lambda random: random.randint(1, 2)),
            ("put", lambda random: (random.randint(1, 2),)),
            ("read", _nothing),
        ),
        lambda random, f, _argument: (
            tuple(random.choices((1, 2), k=random.randint(0, 3))) if f == "read" else None
        ),
    ),
    "text": Drawn(
        Text(),
        _one_of(
            ("append", lambda random: random.choice("ab")),
            ("put", lambda random: random.choice(("a", "b", ""))),
            ("get", _nothing),
        ),
        lambda random, f, _argument: (
            "".join(random.choices("ab", k=random.randint(0, 3))) if f == "get" else None
        ),
    ),
    "bank": Drawn(
        Bank((("a", 2), ("b", 1))),
        _one_of(("transfer", _accounts), ("read", _nothing)),
        _bank_answer,
    ),
    "ledger": Drawn(
        Ledger((1, 2)),
        _one_of(("pay", _payment), ("get_tokens", lambda random: random.randint(1, 2))),
        _ledger_answer,
    ),
}
