"""Why a ledger's operations have no order: the shortest circle, and the sentences for it."""

from __future__ import annotations

from collections.abc import Sequence

from counterpoint.checkers.history import Operation
from counterpoint.checkers.judging import Explanation
from counterpoint.checkers.ledger.chains import Unexplained, move_of
from counterpoint.checkers.ledger.order import Always, Order, Relation
from counterpoint.checkers.links import (
    Precedence,
    at,
    graph,
    real_time,
    shortest_cycle,
    strong_components,
)
from counterpoint.model.verdict import Edge, Reason, said


def of_unexplained(why: Unexplained) -> Explanation:
    """Put into words that no chain of a token explains the history."""
    return Explanation(why.summary, why.because, (), why.culprits)


def of_always(operations: Sequence[Operation], why: Always) -> Explanation:
    """Put into words that an operation did not see what was there all the time."""
    op = operations[why.op]
    found = said(f"{named(op)} {_denial(op, why.token)}", at(op.return_step))
    summary = f"{op.client} did not find token {why.token} with {why.owner}, whose it always was"
    return Explanation(summary, (found,), (), (op.id,))


def of_circle(order: Order) -> Explanation:
    """Put a circle of an order into words."""
    circle = shortest_circle(order)
    steps = tuple(zip(circle, (*circle[1:], circle[0]), strict=True))
    edges = tuple(edge_of(order, before, after) for before, after in steps)
    operations = tuple(order.operations[index] for index in circle)
    last = max(operations, key=lambda op: op.returned if op.status == "ok" else op.called)
    others = tuple(op.id for op in operations if op is not last)
    summary = _incomparable(order, circle) or _missed(order, steps) or _backwards(operations)
    return Explanation(summary, tuple(edge.reason for edge in edges), edges, (*others, last.id))


def shortest_circle(order: Order) -> tuple[int, ...]:
    """Return a circle of fewest operations, rather of those that were answered."""
    pairs = [*order.edges]
    for after, past in enumerate(order.precedes):
        pairs += [(before, after) for before in range(past.bit_length()) if past >> before & 1]
    targets: list[list[int]] = [[] for _ in order.operations]
    for before, after in pairs:
        targets[before].append(after)
    home = {node: part[0] for part in strong_components(targets) for node in part}
    inside = (pair for pair in pairs if pair[0] in home and home[pair[0]] == home.get(pair[1]))
    circle = shortest_cycle(graph(Precedence(*pair, "", said()) for pair in inside))
    assert circle, "an order without a circle was to be explained"
    best = [link.before for link in circle]
    start = best.index(min(best))
    return (*best[start:], *best[:start])


def edge_of(order: Order, before: int, after: int) -> Edge:
    """Return the reason for which one operation comes before another."""
    one, other = order.operations[before], order.operations[after]
    reason = order.edges.get((before, after))
    if reason is None:
        rule, because = "real-time", real_time(one, other)
    else:
        rule, because = _RULES[reason.rule], _because(order, reason, one, other)
    return Edge(one.id, other.id, rule, said(because, f", so {one.id} < {other.id}"))


_RULES = {
    "version": "version order",
    "shows": "reads-from",
    "shows old": "reads-old",
    "unseen": "not yet seen",
    "gone": "already gone",
    "tried": "tried",
}


def _because(order: Order, reason: Relation, one: Operation, other: Operation) -> Reason:
    token, version = reason.token, reason.version
    match reason.rule:
        case "version":
            return said(
                f"{named(other)} spends version {version} of token {token}, made by {one.id}"
            )
        case "shows":
            seen = said(
                f"{other.id} shows version {version} of token {token}", at(other.return_step)
            )
            return said(seen, f", made by {named(one)}")
        case "shows old":
            seen = said(f"{one.id} shows version {version} of token {token}", at(one.return_step))
            return said(seen, f", which {named(other)} replaced")
        case "unseen":
            found = said(f"{named(one)} {_denial(one, token)}", at(one.return_step))
            gave = f", which {named(other)} gave to {reason.owner}{_given(order, reason)}"
            return said(found, gave)
        case "gone":
            found = said(f"{named(other)} {_denial(other, token)}", at(other.return_step))
            took = f", which {named(one)} took from {reason.owner}{_given(order, reason)}"
            return said(found, took)
    return said(
        f"token {token} was {reason.owner}'s only after {other.id} or before {one.id} (tried)"
    )


def _given(order: Order, reason: Relation) -> str:
    if not reason.given:
        return ""
    before, after = (order.operations[index].id for index in reason.given)
    return f" (and {before} < {after})"


def _denial(op: Operation, token: int) -> str:
    if op.f == "pay":
        return f"found that {move_of(op).payer} did not own token {token}"
    return f"does not show token {token}"


# ---- the one sentence ----------------------------------------------------------------------------


def _incomparable(order: Order, circle: Sequence[int]) -> str:
    """Say that two snapshots each show a payment that the other does not, if that is the circle."""
    operations = [order.operations[index] for index in circle]
    snapshots = [i for i, op in enumerate(operations) if op.f == "get_tokens"]
    if (
        len(snapshots) != 2
        or len(circle) != 4
        or any((circle[i], circle[(i + 1) % 4]) not in order.edges for i in range(4))
    ):
        return ""
    first, second = (operations[i] for i in snapshots)
    seen_first, seen_second = (operations[i - 1] for i in snapshots)
    if "pay" not in (seen_first.f, seen_second.f) or seen_first.f != seen_second.f:
        return ""
    return (
        f"{first.id} and {second.id} are two incomparable snapshots: {first.client} saw "
        f"{call(seen_first)} ({seen_first.id}) and not {call(seen_second)} ({seen_second.id}), "
        f"{second.client} saw {seen_second.id} and not {seen_first.id}"
    )


def _missed(order: Order, steps: Sequence[tuple[int, int]]) -> str:
    """Name the operation that missed a payment which came before it."""
    for before, after in steps:
        reason = order.edges.get((before, after))
        if reason is not None and reason.rule in ("shows old", "unseen"):
            op, payment = order.operations[before], order.operations[after]
            if op.f == "pay":
                owner = move_of(op).payer
                return (
                    f"{op.client}'s {call(op)} ({op.id}) was rejected, although {payment.client}'s "
                    f"{call(payment)} ({payment.id}) had given the token to {owner} before"
                )
            return (
                f"{op.client}'s {call(op)} ({op.id}) missed {payment.client}'s {call(payment)} "
                f"({payment.id}), which came before it"
            )
    for before, after in steps:
        reason = order.edges.get((before, after))
        if reason is not None and reason.rule in ("shows", "gone"):
            op, payment = order.operations[after], order.operations[before]
            return (
                f"{op.client}'s {call(op)} ({op.id}) knew of {payment.client}'s {call(payment)} "
                f"({payment.id}), which came after it"
            )
    return ""


def _backwards(operations: Sequence[Operation]) -> str:
    names = ", ".join(named(op) for op in operations)
    return f"these {len(operations)} operations cannot be ordered: {names}"


def call(op: Operation) -> str:
    """Return what an operation asked, as its user would type it."""
    if op.f == "pay":
        move = move_of(op)
        return f"pay {move.token} {move.to}"
    return f"get_tokens {op.argument}"


def named(op: Operation) -> str:
    """Return an operation by name and what it asked."""
    return f"{op.id} = {call(op)} by {op.client}"
