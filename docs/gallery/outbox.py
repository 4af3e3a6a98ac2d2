"""An order and its payment as a saga: an outbox that sends again, and an inbox that knows it has.

Source: H. Garcia-Molina and K. Salem, Sagas (SIGMOD 1987); P. Helland, Life beyond Distributed
Transactions (CIDR 2007), for messages that come more than once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import counterpoint as cp

Variant = Literal["right", "sends before it keeps", "charges each copy", "sends once", "no undo"]


@cp.value
class Charge:
    order: int


@cp.value
class Charged:
    order: int
    paid: bool


@cp.value
class Shop:
    stock: int = 2
    last: int = 0
    outbox: tuple[int, ...] = ()  # orders whose payment is under way
    sold: tuple[int, ...] = ()


@cp.value
class Bank:
    money: int = 1
    seen: tuple[Charged, ...] = ()


def shop(variant: Variant, state: Shop, given: cp.Input) -> cp.Step[Shop] | None:
    match given:
        case cp.Invoke("buy") if state.stock == 0:
            return cp.Step(state, cp.Return("sold out"))
        case cp.Invoke("buy"):
            order = state.last + 1
            now = Shop(state.stock - 1, order, (*state.outbox, order), state.sold)
            charge = cp.Send("bank", Charge(order))
            kept = None if variant == "sends before it keeps" else cp.Persist(now)
            return cp.Step(now, kept, charge, relay(variant), cp.Return("ordered"))
        case cp.Timeout("relay") if state.outbox:
            sent = [cp.Send("bank", Charge(order)) for order in state.outbox]
            return cp.Step(state, sent, relay(variant))
        case cp.Receive(_, Charged(order, paid)) if order in state.outbox:
            now = replace(state, outbox=tuple(o for o in state.outbox if o != order))
            if paid:
                now = replace(now, sold=(*now.sold, order))
            elif variant != "no undo":
                now = replace(now, stock=now.stock + 1)  # the step that undoes the first
            return cp.Step(now, cp.Persist(now))
        case cp.Recover(kept):
            return cp.Step(kept if isinstance(kept, Shop) else Shop(), relay(variant))
    return None


def relay(variant: Variant) -> cp.Effect | None:
    return None if variant == "sends once" else cp.SetTimer("relay")


def bank(variant: Variant, state: Bank, given: cp.Input) -> cp.Step[Bank] | None:
    match given:
        case cp.Receive(sender, Charge(order)):
            before = next((c for c in state.seen if c.order == order), None)
            if before and variant != "charges each copy":
                return cp.Step(state, cp.Send(sender, before))
            answer = Charged(order, state.money > 0)
            now = Bank(state.money - answer.paid, (*state.seen, answer))
            return cp.Step(now, cp.Persist(now), cp.Send(sender, answer))
        case cp.Recover(Bank() as kept):
            return cp.Step(kept)
    return None


def charged_once(states: Mapping[str, Any]) -> str | None:
    """No order is paid for twice."""
    paid = [charge.order for charge in states["bank"].seen if charge.paid]
    twice = [order for order in paid if paid.count(order) > 1]
    return f"bank has charged order {twice[0]} twice" if twice else None


def settled(states: Mapping[str, Any], silent: tuple[str, ...]) -> str | None:
    """At rest no payment is under way, and what was paid was sold, unless one is silent for good."""
    if silent:
        return None
    if states["shop"].outbox:
        return f"shop waits for the payment of order {states['shop'].outbox[0]}"
    paid = sorted(charge.order for charge in states["bank"].seen if charge.paid)
    sold = sorted(states["shop"].sold)
    return f"shop has sold {sold}, and bank was paid for {paid}" if paid != sold else None


def goods(state: Shop | Bank) -> int:
    return state.stock + len(state.outbox) + len(state.sold) if isinstance(state, Shop) else 0


def scenario(variant: Variant = "right") -> cp.Scenario:
    """Two orders, and money for one; messages are lost and copied, shop and bank may crash."""
    roles: Mapping[str, Any] = {
        "shop": (partial(shop, variant), Shop()),
        "bank": (partial(bank, variant), Bank(money=2 if variant == "charges each copy" else 1)),
    }
    return cp.Scenario(
        "outbox",
        cp.system(roles),
        calls={"shop": ["buy", "buy"]},
        properties=[cp.eventually("settled", settled), cp.conserved(goods, "no goods are lost")],
        invariants=[cp.always("charged once", charged_once)],
        limits=cp.faults(drop=1, duplicate=1, crash=1, fire=3),
        tolerates=lambda failed, _: len(failed) < 2,
    )


test_outbox = cp.verify(scenario())
