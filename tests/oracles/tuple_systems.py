"""The oracle models once more, on tuples alone; see `tuples`. Written from the papers, not from ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.oracles.tuples import Body, Machine, Message, Reaction


def _clients(servers: int, clients: int) -> tuple[tuple[Any, ...], tuple[Message, ...]]:
    """Return the first states of the clients, (request under way, operations begun), and first puts."""
    who = range(servers, servers + clients)
    puts = tuple((c, c % servers, ("Put", c, chr(ord("A") + c - servers))) for c in who)
    return tuple((c, 1) for c in who), puts


def _client(me: int, state: Any, body: Body, servers: int, put_count: int) -> Reaction:
    awaited, begun = state
    if body[1] != awaited:
        return state, ()
    if body[0] == "GetOk":
        return (None, begun + 1), ()
    request, server = (begun + 1) * me, (me + begun) % servers
    if begun < put_count:
        ask: Body = ("Put", request, chr(ord("Z") - (me - servers)))
    else:
        ask = ("Get", request)
    return (request, begun + 1), ((me, server, ask),)


def single_copy(servers: int, clients: int, put_count: int = 1) -> Machine:
    """Return servers that hold one value each and do not talk."""
    states, puts = _clients(servers, clients)

    def receive(me: int, state: Any, source: int, body: Body) -> Reaction:
        if me >= servers:
            return _client(me, state, body, servers, put_count)
        if body[0] == "Put":
            return body[2], ((me, source, ("PutOk", body[1])),)
        return state, ((me, source, ("GetOk", body[1], state)),)

    start = (*("\0" for _ in range(servers)), *states)
    return Machine(start, puts, receive, range(servers, servers + clients))


def abd(servers: int, clients: int, put_count: int = 1, *, keeps: bool = False) -> Machine:
    """Return the replicated register. A server is (seq, value, phase, kept requests)."""
    states, puts = _clients(servers, clients)
    majority = servers // 2 + 1

    def others(me: int, body: Body) -> tuple[Message, ...]:
        return tuple((me, k, body) for k in range(servers) if k != me)

    def begin(me: int, seq: Any, value: str, kept: Any, source: int, body: Body) -> Reaction:
        written = body[2] if body[0] == "Put" else None
        phase = ("ask", body[1], source, written, frozenset({(me, seq, value)}))
        return (seq, value, phase, kept), others(me, ("Query", body[1]))

    def heard(me: int, state: Any, source: int, body: Body) -> Reaction:
        seq, value, phase, kept = state
        if phase is None or phase[:2] != ("ask", body[1]):
            return state, ()
        heard_now = frozenset(r for r in phase[4] if r[0] != source) | {(source, *body[2:])}
        if len(heard_now) != majority:
            return (seq, value, (*phase[:4], heard_now), kept), ()
        best = max((r[1], r[2]) for r in heard_now)
        read = None if phase[3] is not None else best[1]
        if phase[3] is not None:
            best = ((best[0][0] + 1, me), phase[3])
        mine = max((seq, value), best, key=lambda pair: pair[0])
        recording = ("record", body[1], phase[2], read, frozenset({me}))
        return (*mine, recording, kept), others(me, ("Record", body[1], *best))

    def recorded(me: int, state: Any, source: int, body: Body) -> Reaction:
        seq, value, phase, kept = state
        if phase is None or phase[:2] != ("record", body[1]) or source in phase[4]:
            return state, ()
        acks = phase[4] | {source}
        if len(acks) != majority:
            return (seq, value, (*phase[:4], acks), kept), ()
        answer = ("PutOk", body[1]) if phase[3] is None else ("GetOk", body[1], phase[3])
        sent: tuple[Message, ...] = ((me, phase[2], answer),)
        if not kept:
            return (seq, value, None, ()), sent
        begun, more = begin(me, seq, value, kept[1:], *kept[0])
        return begun, sent + more

    def receive(me: int, state: Any, source: int, body: Body) -> Reaction:
        if me >= servers:
            return _client(me, state, body, servers, put_count)
        seq, value, phase, kept = state
        match body[0]:
            case "Put" | "Get" if phase is None:
                return begin(me, seq, value, kept, source, body)
            case "Put" | "Get":
                busy = (seq, value, phase, (*kept, (source, body)))
                return (busy if keeps else state), ()
            case "Query":
                return state, ((me, source, ("AckQuery", body[1], seq, value)),)
            case "Record":
                held = max((seq, value), body[2:], key=lambda pair: pair[0])
                return (*held, phase, kept), ((me, source, ("AckRecord", body[1])),)
            case "AckQuery":
                return heard(me, state, source, body)
            case _:
                return recorded(me, state, source, body)

    start = (*(((0, k), "\0", None, ()) for k in range(servers)), *states)
    return Machine(start, puts, receive, range(servers, servers + clients))


def paxos(servers: int, clients: int, put_count: int = 1) -> Machine:
    """Return single-decree Paxos. A server is a tuple of six; see the first line of `receive`."""
    states, puts = _clients(servers, clients)
    majority = servers // 2 + 1

    def others(me: int, body: Body) -> tuple[Message, ...]:
        return tuple((me, k, body) for k in range(servers) if k != me)

    def receive(me: int, state: Any, source: int, body: Body) -> Reaction:
        if me >= servers:
            return _client(me, state, body, servers, put_count)
        ballot, mine, promises, acceptors, accepted, is_decided = state
        name, about = body[0], body[1]
        if is_decided:
            value = ((me, source, ("GetOk", about, accepted[1][2])),) if name == "Get" else ()
            return state, value
        if name == "Put" and mine is None:
            ballot = (ballot[0] + 1, me)
            heard = frozenset({(me, accepted)})
            led: Any = (ballot, (about, source, body[2]), heard, frozenset(), accepted, False)
            return led, others(me, ("Prepare", ballot))
        if name == "Prepare" and ballot < about:
            answer = ("Prepared", about, accepted)
            return (about, *state[1:]), ((me, source, answer),)
        if name == "Prepared" and about == ballot:
            heard = frozenset(p for p in promises if p[0] != source) | {(source, body[2])}
            if len(heard) != majority:
                return (ballot, mine, heard, acceptors, accepted, False), ()
            bound = [last for _, last in heard if last is not None]
            mine = max(bound)[1] if bound else mine
            led = (ballot, mine, heard, acceptors | {me}, (ballot, mine), False)
            return led, others(me, ("Accept", ballot, mine))
        if name == "Accept" and ballot <= about:
            taken = (about, mine, promises, acceptors, (about, body[2]), False)
            return taken, ((me, source, ("Accepted", about)),)
        if name == "Accepted" and about == ballot:
            agreed = acceptors | {source}
            if len(agreed) != majority:
                return (ballot, mine, promises, agreed, accepted, False), ()
            told = others(me, ("Decided", ballot, mine))
            done = (ballot, mine, promises, agreed, accepted, True)
            return done, (*told, (me, mine[1], ("PutOk", mine[0])))
        if name == "Decided":
            return (about, mine, promises, acceptors, (about, body[2]), True), ()
        return state, ()

    blank: Any = ((0, 0), None, frozenset(), frozenset(), None, False)
    start = (*(blank for _ in range(servers)), *states)
    return Machine(start, puts, receive, range(servers, servers + clients))


def two_phase_commit(managers: int) -> tuple[Any, Any]:
    """Return (first state, successors). A state is (votes, decision, known prepared, all ever said)."""
    start: Any = (("working",) * managers, None, frozenset(), frozenset())

    def successors(state: Any) -> Iterator[tuple[Any, Any]]:
        votes, decision, known, said = state
        if decision is None:
            for k in range(managers):
                if k in said and k not in known:
                    yield ("told", k), (votes, None, known | {k}, said)
            yield "abort", (votes, "aborted", known, said | {"aborted"})
            if len(known) == managers:
                yield "commit", (votes, "committed", known, said | {"committed"})
        for k, vote in enumerate(votes):

            def voted(vote: str, k: int = k) -> tuple[str, ...]:
                return (*votes[:k], vote, *votes[k + 1 :])

            if vote == "working":
                yield ("prepare", k), (voted("prepared"), decision, known, said | {k})
                yield ("refuse", k), (voted("aborted"), decision, known, said)
            for outcome in ("aborted", "committed"):
                if outcome in said and vote != outcome:
                    yield ("learn", k, outcome), (voted(outcome), decision, known, said)

    return start, successors
