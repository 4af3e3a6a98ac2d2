"""Failing runs by their choices, so that what reads them does not depend on what a search finds."""

from __future__ import annotations

from counterpoint.model.actions import Call, Deliver, Settle
from counterpoint.model.faults import Crash, Delay, Duplicate, Mend, Omit, Release, Restart
from counterpoint.model.world import Action
from tests.support.abd import Answer, Query, Read, Store, Stored, Write
from tests.support.gossip import Rumour, Tell

ABD: tuple[Action, ...] = (
    Call(client="c2", operation=Read()),
    Call(client="c1", operation=Write(value=1)),
    Deliver(src="c1", dst="r1", body=Store(request=1, value=1)),
    Deliver(src="c2", dst="r1", body=Query(request=1)),
    Deliver(src="c2", dst="r2", body=Query(request=1)),
    Deliver(src="r2", dst="c2", body=Answer(request=1, value=0)),
    Deliver(src="r1", dst="c2", body=Answer(request=1, value=1)),
    Call(client="c2", operation=Read()),
    Deliver(src="c2", dst="r3", body=Query(request=2)),
    Deliver(src="r3", dst="c2", body=Answer(request=2, value=0)),
    Deliver(src="c2", dst="r2", body=Query(request=2)),
    Deliver(src="r2", dst="c2", body=Answer(request=2, value=0)),
)


ABD_AS_FOUND: tuple[Action, ...] = (
    Call(client="c2", operation=Read()),
    Call(client="c1", operation=Write(value=1)),
    Deliver(src="c1", dst="r1", body=Store(request=1, value=1)),
    Deliver(src="c2", dst="r2", body=Query(request=1)),
    Deliver(src="r1", dst="c1", body=Stored(request=1)),
    Deliver(src="c2", dst="r1", body=Query(request=1)),
    Deliver(src="r2", dst="c2", body=Answer(request=1, value=0)),
    Omit(src="c1", dst="r3", body=Store(request=1, value=1), by="r3"),
    Deliver(src="r1", dst="c2", body=Answer(request=1, value=1)),
    Call(client="c2", operation=Read()),
    Deliver(src="c2", dst="r1", body=Query(request=2)),
    Mend(node="r3"),
    Deliver(src="c2", dst="r3", body=Query(request=2)),
    Delay(src="r1", dst="c2", body=Answer(request=2, value=1)),
    Deliver(src="r3", dst="c2", body=Answer(request=2, value=0)),
    Omit(src="c1", dst="r2", body=Store(request=1, value=1), by="r2"),
    Delay(src="c2", dst="r2", body=Query(request=2)),
    Settle(silent=()),
    Deliver(src="c2", dst="r3", body=Query(request=1)),
    Deliver(src="c2", dst="r2", body=Query(request=2)),
    Deliver(src="r2", dst="c2", body=Answer(request=2, value=0)),
    Deliver(src="r3", dst="c2", body=Answer(request=1, value=0)),
    Deliver(src="r1", dst="c2", body=Answer(request=2, value=1)),
)


ABD_WITHOUT_FAULTS: tuple[Action, ...] = (
    Call(client="c2", operation=Read()),
    Call(client="c1", operation=Write(value=1)),
    Deliver(src="c2", dst="r3", body=Query(request=1)),
    Deliver(src="c1", dst="r1", body=Store(request=1, value=1)),
    Deliver(src="c2", dst="r1", body=Query(request=1)),
    Deliver(src="r1", dst="c2", body=Answer(request=1, value=1)),
    Deliver(src="c2", dst="r2", body=Query(request=1)),
    Deliver(src="r2", dst="c2", body=Answer(request=1, value=0)),
    Call(client="c2", operation=Read()),
    Deliver(src="c2", dst="r3", body=Query(request=2)),
    Deliver(src="c2", dst="r2", body=Query(request=2)),
    Deliver(src="r2", dst="c2", body=Answer(request=2, value=0)),
    Deliver(src="c1", dst="r2", body=Store(request=1, value=1)),
    Deliver(src="c1", dst="r3", body=Store(request=1, value=1)),
    Deliver(src="r3", dst="c2", body=Answer(request=2, value=0)),
    Deliver(src="r3", dst="c2", body=Answer(request=1, value=0)),
    Deliver(src="r1", dst="c1", body=Stored(request=1)),
    Deliver(src="c2", dst="r1", body=Query(request=2)),
    Deliver(src="r1", dst="c2", body=Answer(request=2, value=1)),
    Deliver(src="r2", dst="c1", body=Stored(request=1)),
    Deliver(src="r3", dst="c1", body=Stored(request=1)),
    Settle(silent=("r1",)),
)


GOSSIP: tuple[Action, ...] = (
    Call(client="n1", operation=Tell(text="hello")),
    Deliver(src="n1", dst="n2", body=Rumour(text="hello", hops=1)),
    Deliver(src="n2", dst="n3", body=Rumour(text="hello", hops=2)),
    Deliver(src="n3", dst="n4", body=Rumour(text="hello", hops=3)),
    Duplicate(src="n4", dst="n1", body=Rumour(text="hello", hops=4)),
    Deliver(src="n4", dst="n1", body=Rumour(text="hello", hops=4)),
    Deliver(src="n4", dst="n1", body=Rumour(text="hello", hops=4)),
)


ABD_FAULTS: tuple[Action, ...] = (
    Call(client="c1", operation=Write(value=1)),
    Call(client="c2", operation=Read()),
    Deliver(src="c1", dst="r3", body=Store(request=1, value=1)),
    Deliver(src="c2", dst="r2", body=Query(request=1)),
    Deliver(src="c1", dst="r1", body=Store(request=1, value=1)),
    Deliver(src="r3", dst="c1", body=Stored(request=1)),
    Crash(node="r3"),
    Delay(src="c2", dst="r3", body=Query(request=1)),
    Deliver(src="r2", dst="c2", body=Answer(request=1, value=0)),
    Deliver(src="r1", dst="c1", body=Stored(request=1)),
    Release(src="c2", dst="r3", body=Query(request=1)),
    Restart(node="r3"),
    Deliver(src="c2", dst="r1", body=Query(request=1)),
    Deliver(src="c1", dst="r2", body=Store(request=1, value=1)),
    Deliver(src="r2", dst="c1", body=Stored(request=1)),
    Deliver(src="r1", dst="c2", body=Answer(request=1, value=1)),
    Deliver(src="c2", dst="r3", body=Store(request=1, value=1)),
    Settle(silent=("r3",)),
    Deliver(src="c2", dst="r2", body=Store(request=1, value=1)),
    Deliver(src="r2", dst="c2", body=Stored(request=1)),
    Deliver(src="c2", dst="r1", body=Store(request=1, value=1)),
    Deliver(src="r1", dst="c2", body=Stored(request=1)),
    Call(client="c2", operation=Read()),
    Deliver(src="c2", dst="r2", body=Query(request=2)),
    Deliver(src="c2", dst="r1", body=Query(request=2)),
    Deliver(src="r1", dst="c2", body=Answer(request=2, value=1)),
    Deliver(src="r2", dst="c2", body=Answer(request=2, value=1)),
    Deliver(src="c2", dst="r1", body=Store(request=2, value=1)),
    Deliver(src="r1", dst="c2", body=Stored(request=2)),
    Deliver(src="c2", dst="r2", body=Store(request=2, value=1)),
    Deliver(src="r2", dst="c2", body=Stored(request=2)),
)
"""No failure: a run of the right register with a crash, a delay and a silent node."""
