"""adder: a server adds up what clients send it, and counts a request that arrives twice once."""

from __future__ import annotations

import counterpoint as cp


@cp.value
class Addition:
    """What a client asks for: its request has a number."""

    request: int
    amount: int


@cp.value
class Sum:
    """The answer to a request: what there is after it."""

    request: int
    total: int


@cp.value
class Adder:
    """The state of the server: the total, and its last answer to each client."""

    total: int = 0
    answered: tuple[tuple[str, Sum], ...] = ()


@cp.value
class Asker:
    """The state of a client: the number of its last request, and whether it has no answer yet."""

    request: int = 0
    is_waiting: bool = False


def adder(state: Adder, given: cp.Input) -> cp.Step[Adder] | None:
    """Add what is asked for, once; a request that comes again gets the same answer again."""
    match given:
        case cp.Receive(client, Addition(request, amount)):
            answers = dict(state.answered)
            if client in answers and request <= answers[client].request:
                return cp.Step(state, cp.Send(client, answers[client]))
            answer = Sum(request, state.total + amount)
            answers[client] = answer
            return cp.Step(Adder(answer.total, tuple(answers.items())), cp.Send(client, answer))
    return None


def hasty(state: Adder, given: cp.Input) -> cp.Step[Adder] | None:
    """Add what is asked for, whatever the number of the request: wrong on purpose."""
    match given:
        case cp.Receive(client, Addition(request, amount)):
            answer = Sum(request, state.total + amount)
            return cp.Step(Adder(answer.total), cp.Send(client, answer))
    return None


def asker(state: Asker, given: cp.Input) -> cp.Step[Asker] | None:
    """Ask the server; an answer to an earlier request, or one that came before, is ignored."""
    match given:
        case cp.Invoke(("add", int(amount))):
            request = state.request + 1
            return cp.Step(Asker(request, True), cp.Send("server", Addition(request, amount)))
        case cp.Receive(_, Sum(request, total)) if state == Asker(request, True):
            return cp.Step(Asker(request), cp.Return(total))
    return None


RIGHT = cp.system(server=(adder, Adder()), c1=(asker, Asker()), c2=(asker, Asker()))
HASTY = cp.system(server=(hasty, Adder()), c1=(asker, Asker()), c2=(asker, Asker()))

SCENARIO = cp.Scenario(
    "adder",
    RIGHT,
    calls={"c1": [("add", 1), ("add", 2)], "c2": [("add", 10)]},
    properties=[cp.linearizable(cp.Counter()), cp.answers()],
    limits=cp.faults(duplicate=1),
)

SUITE = cp.Suite(
    SCENARIO,
    mutants={
        "hasty": cp.WrongVariant(
            HASTY, breaks="linearizability", summary="a request that arrives twice counts twice"
        )
    },
    summary="a server adds up what clients send it",
)
