"""A lock that hands itself out twice: a server forgets to look at the number of a release."""

import counterpoint as cp


@cp.value
class Ask:
    number: int


@cp.value
class Granted:
    number: int


@cp.value
class Released:
    number: int


@cp.value
class Server:
    holder: tuple[str, int] | None = None
    queue: tuple[tuple[str, int], ...] = ()


@cp.value
class Client:
    number: int = 0
    phase: str = "outside"


def server(state: Server, given: cp.Input) -> cp.Step[Server] | None:
    match given:
        case cp.Receive(client, Ask(number)) if state.holder is None:
            return cp.Step(Server((client, number)), cp.Send(client, Granted(number)))
        case cp.Receive(client, Ask(number)):
            return cp.Step(Server(state.holder, (*state.queue, (client, number))))
        case cp.Receive(client, Released(number)) if state.holder == (client, number):
            if not state.queue:
                return cp.Step(Server())
            (following, number), *rest = state.queue
            return cp.Step(
                Server((following, number), tuple(rest)), cp.Send(following, Granted(number))
            )
    return None


def client(state: Client, given: cp.Input) -> cp.Step[Client] | None:
    match given:
        case cp.Invoke("enter"):
            return cp.Step(
                Client(state.number + 1, "waiting"), cp.Send("server", Ask(state.number + 1))
            )
        case cp.Invoke("leave"):
            released = cp.Send("server", Released(state.number))
            return cp.Step(Client(state.number), released, cp.Return("left"))
        case cp.Receive(_, Granted()) if state.phase == "waiting":  # whatever its number
            return cp.Step(Client(state.number, "inside"), cp.Return("entered"))
        case cp.Receive(_, Granted(number)) if (state.phase, state.number) != ("inside", number):
            return cp.Step(state, cp.Send("server", Released(number)))
    return None


LOCK = cp.Scenario(
    "lock",
    cp.system(server=(server, Server()), c1=(client, Client()), c2=(client, Client())),
    calls={c: ["enter", "leave"] * 2 for c in ("c1", "c2")},
    properties=[cp.linearizable(cp.Mutex())],
    limits=cp.faults(duplicate=1),
)
test_lock = cp.verify(LOCK)
