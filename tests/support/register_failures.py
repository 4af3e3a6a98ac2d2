"""The register's failures by their choices, so that reports of them do not depend on a search."""

from __future__ import annotations

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
from counterpoint.impl.register.values import Record, Written
from counterpoint.model.actions import Call, Deliver
from counterpoint.model.faults import Crash, Restart
from counterpoint.model.world import Action

REGISTER_B1: tuple[Action, ...] = (
    Call(client="c1", operation=Write(token=4, name="v1", low=0, mid=2, high=4, at="s50052")),
    Deliver(
        src="c1",
        dst="s50052",
        body=Ask(
            request=Request(client="c1", number=1),
            operation=Write(token=4, name="v1", low=0, mid=2, high=4, at="s50052"),
        ),
    ),
    Call(client="c3", operation=Read(token=4, at="s50054")),
    Deliver(
        src="c3",
        dst="s50054",
        body=Ask(request=Request(client="c3", number=1), operation=Read(token=4, at="s50054")),
    ),
    Deliver(
        src="s50054", dst="s50054", body=Query(request=Request(client="c3", number=1), token=4)
    ),
    Deliver(
        src="s50054",
        dst="s50054",
        body=Have(
            request=Request(client="c3", number=1),
            record=Record(token=4, stamp=0, written=None),
        ),
    ),
    Deliver(
        src="s50052",
        dst="s50053",
        body=Store(
            request=Request(client="c1", number=1),
            record=Record(
                token=4,
                stamp=1,
                written=Written(name="v1", low=0, mid=2, high=4, partial=7458353097262680098),
            ),
        ),
    ),
    Deliver(
        src="s50054", dst="s50053", body=Query(request=Request(client="c3", number=1), token=4)
    ),
    Deliver(
        src="s50053",
        dst="s50054",
        body=Have(
            request=Request(client="c3", number=1),
            record=Record(
                token=4,
                stamp=1,
                written=Written(name="v1", low=0, mid=2, high=4, partial=7458353097262680098),
            ),
        ),
    ),
    Deliver(
        src="s50054",
        dst="c3",
        body=Answer(
            request=Request(client="c3", number=1),
            result=Written(name="v1", low=0, mid=2, high=4, partial=7458353097262680098),
        ),
    ),
    Call(client="c3", operation=Read(token=4, at="s50054")),
    Deliver(
        src="c3",
        dst="s50054",
        body=Ask(request=Request(client="c3", number=2), operation=Read(token=4, at="s50054")),
    ),
    Deliver(
        src="s50054", dst="s50054", body=Query(request=Request(client="c3", number=2), token=4)
    ),
    Deliver(
        src="s50054",
        dst="s50054",
        body=Have(
            request=Request(client="c3", number=2),
            record=Record(token=4, stamp=0, written=None),
        ),
    ),
    Deliver(
        src="s50054", dst="s50055", body=Query(request=Request(client="c3", number=2), token=4)
    ),
    Deliver(
        src="s50055",
        dst="s50054",
        body=Have(
            request=Request(client="c3", number=2),
            record=Record(token=4, stamp=0, written=None),
        ),
    ),
    Deliver(
        src="s50054", dst="c3", body=Answer(request=Request(client="c3", number=2), result=None)
    ),
)

REGISTER_B6: tuple[Action, ...] = (
    Call(client="c1", operation=Write(token=4, name="v1", low=0, mid=2, high=4, at="s50052")),
    Deliver(
        src="c1",
        dst="s50052",
        body=Ask(
            request=Request(client="c1", number=1),
            operation=Write(token=4, name="v1", low=0, mid=2, high=4, at="s50052"),
        ),
    ),
    Deliver(
        src="s50052",
        dst="s50053",
        body=Store(
            request=Request(client="c1", number=1),
            record=Record(
                token=4,
                stamp=1,
                written=Written(name="v1", low=0, mid=2, high=4, partial=7458353097262680098),
            ),
        ),
    ),
    Deliver(
        src="s50052",
        dst="s50055",
        body=Store(
            request=Request(client="c1", number=1),
            record=Record(
                token=4,
                stamp=1,
                written=Written(name="v1", low=0, mid=2, high=4, partial=7458353097262680098),
            ),
        ),
    ),
    Deliver(src="s50053", dst="s50052", body=Stored(request=Request(client="c1", number=1))),
    Deliver(src="s50055", dst="s50052", body=Stored(request=Request(client="c1", number=1))),
    Crash(node="s50052"),
    Deliver(
        src="s50052",
        dst="c1",
        body=Answer(request=Request(client="c1", number=1), result=7458353097262680098),
    ),
    Call(client="c1", operation=Write(token=4, name="v2", low=0, mid=2, high=4, at="s50052")),
    Restart(node="s50052"),
    Deliver(
        src="c1",
        dst="s50052",
        body=Ask(
            request=Request(client="c1", number=2),
            operation=Write(token=4, name="v2", low=0, mid=2, high=4, at="s50052"),
        ),
    ),
    Deliver(
        src="s50052",
        dst="s50054",
        body=Store(
            request=Request(client="c1", number=2),
            record=Record(
                token=4,
                stamp=1,
                written=Written(name="v2", low=0, mid=2, high=4, partial=5090743796013808715),
            ),
        ),
    ),
    Deliver(
        src="s50052",
        dst="s50055",
        body=Store(
            request=Request(client="c1", number=2),
            record=Record(
                token=4,
                stamp=1,
                written=Written(name="v2", low=0, mid=2, high=4, partial=5090743796013808715),
            ),
        ),
    ),
    Deliver(src="s50054", dst="s50052", body=Stored(request=Request(client="c1", number=2))),
    Deliver(src="s50055", dst="s50052", body=Stored(request=Request(client="c1", number=2))),
    Deliver(
        src="s50052",
        dst="c1",
        body=Answer(request=Request(client="c1", number=2), result=5090743796013808715),
    ),
    Call(client="c2", operation=Read(token=4, at="s50053")),
    Deliver(
        src="c2",
        dst="s50053",
        body=Ask(request=Request(client="c2", number=1), operation=Read(token=4, at="s50053")),
    ),
    Deliver(
        src="s50053", dst="s50055", body=Query(request=Request(client="c2", number=1), token=4)
    ),
    Deliver(
        src="s50055",
        dst="s50053",
        body=Have(
            request=Request(client="c2", number=1),
            record=Record(
                token=4,
                stamp=1,
                written=Written(name="v1", low=0, mid=2, high=4, partial=7458353097262680098),
            ),
        ),
    ),
    Deliver(
        src="s50053", dst="s50053", body=Query(request=Request(client="c2", number=1), token=4)
    ),
    Deliver(
        src="s50053",
        dst="s50053",
        body=Have(
            request=Request(client="c2", number=1),
            record=Record(
                token=4,
                stamp=1,
                written=Written(name="v1", low=0, mid=2, high=4, partial=7458353097262680098),
            ),
        ),
    ),
    Deliver(
        src="s50053",
        dst="s50053",
        body=Store(
            request=Request(client="c2", number=1),
            record=Record(
                token=4,
                stamp=1,
                written=Written(name="v1", low=0, mid=2, high=4, partial=7458353097262680098),
            ),
        ),
    ),
    Deliver(src="s50053", dst="s50053", body=Stored(request=Request(client="c2", number=1))),
    Deliver(
        src="s50053",
        dst="s50055",
        body=Store(
            request=Request(client="c2", number=1),
            record=Record(
                token=4,
                stamp=1,
                written=Written(name="v1", low=0, mid=2, high=4, partial=7458353097262680098),
            ),
        ),
    ),
    Deliver(src="s50055", dst="s50053", body=Stored(request=Request(client="c2", number=1))),
    Deliver(
        src="s50053",
        dst="c2",
        body=Answer(
            request=Request(client="c2", number=1),
            result=Written(name="v1", low=0, mid=2, high=4, partial=7458353097262680098),
        ),
    ),
)
