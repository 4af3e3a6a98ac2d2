"""Two schedules to look at: a reader that is slow, and one that is down, during a write.

They belong to the scenarios of the same names, on token 1 of the demo configuration: its writer is
50051, its readers are 50051, 50052 and 50053. In both, the read at 50052 returns a record that
50052 did not have when it was asked, and leaves it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from counterpoint.impl.register.messages import (
    Answer,
    Ask,
    Have,
    Query,
    Read,
    Request,
    Store,
    Stored,
    Write,
)
from counterpoint.impl.register.values import Record, written
from counterpoint.model.actions import Call, Deliver
from counterpoint.model.faults import Crash, Delay, Drop, Release, Restart
from counterpoint.model.world import Action

NEW = Record(1, stamp=1, written=written("v1", 0, 2, 4))
"""What the write puts into token 1."""

_OLD = Record(1)
_WRITE, _READ = Write(1, "v1", 0, 2, 4, "s50051"), Read(1, "s50052")
_W, _R = Request("c1", 1), Request("c2", 1)

_STORED_AT_THE_OTHERS: tuple[Action, ...] = (
    Deliver("s50051", "s50051", Store(_W, NEW)),
    Deliver("s50051", "s50053", Store(_W, NEW)),
    Deliver("s50051", "s50051", Stored(_W)),
    Deliver("s50053", "s50051", Stored(_W)),
    Deliver("s50051", "c1", Answer(_W, written("v1", 0, 2, 4).partial)),
)
"""The write is stored at two readers of three, and answered."""

_READ_AT_50052: tuple[Action, ...] = (
    Call("c2", _READ),
    Deliver("c2", "s50052", Ask(_R, _READ)),
    Deliver("s50052", "s50052", Query(_R, 1)),
    Deliver("s50052", "s50053", Query(_R, 1)),
    Deliver("s50052", "s50052", Have(_R, _OLD)),
    Deliver("s50053", "s50052", Have(_R, NEW)),
    Deliver("s50052", "s50052", Store(_R, NEW)),
    Deliver("s50052", "s50053", Store(_R, NEW)),
    Deliver("s50052", "s50052", Stored(_R)),
    Deliver("s50053", "s50052", Stored(_R)),
    Deliver("s50052", "c2", Answer(_R, NEW.written)),
)
"""50052 has nothing itself, hears of the new record from 50053, keeps it, and returns it."""

SLOW_REPLICA: tuple[Action, ...] = (
    Call("c1", _WRITE),
    Deliver("c1", "s50051", Ask(_W, _WRITE)),
    Delay("s50051", "s50052", Store(_W, NEW)),
    *_STORED_AT_THE_OTHERS,
    *_READ_AT_50052,
    Release("s50051", "s50052", Store(_W, NEW)),
    Deliver("s50051", "s50052", Store(_W, NEW)),
)
"""The store to 50052 is late: when it comes, it changes nothing there."""

DOWN_REPLICA: tuple[Action, ...] = (
    Crash("s50052"),
    Call("c1", _WRITE),
    Deliver("c1", "s50051", Ask(_W, _WRITE)),
    Drop("s50051", "s50052", Store(_W, NEW)),
    *_STORED_AT_THE_OTHERS,
    Restart("s50052"),
    *_READ_AT_50052,
)
"""50052 is down during the write, and never gets the store."""

DEMONSTRATIONS: Mapping[str, tuple[Action, ...]] = MappingProxyType(
    {"slow_replica": SLOW_REPLICA, "down_replica": DOWN_REPLICA}
)
"""The choices of each demonstration, by the name of its scenario."""
