"""The causal store's failures by their choices, so that reports of them do not depend on a search."""

from __future__ import annotations

from counterpoint.impl.stores.causal_lamport import Clock, Numbered
from counterpoint.impl.stores.words import (
    Answer,
    Ask,
    Await,
    Copy,
    Found,
    Read,
    Request,
    Stamp,
    Update,
    Version,
    Write,
    Written,
)
from counterpoint.model.actions import Call, Deliver, Settle
from counterpoint.model.world import Action

LAMPORT_D1: tuple[Action, ...] = (
    Call(client="bob", operation=Await(key="found")),
    Deliver(
        src="bob",
        dst="s2",
        body=Ask(request=Request(client="bob", number=1), operation=Await(key="found"), context=()),
    ),
    Call(client="alice", operation=Write(key="lost", value="ring")),
    Deliver(
        src="alice",
        dst="s1",
        body=Ask(
            request=Request(client="alice", number=1),
            operation=Write(key="lost", value="ring"),
            context=(),
        ),
    ),
    Deliver(
        src="s1",
        dst="s2",
        body=Numbered(
            number=1,
            body=Update(
                copy=Copy(
                    version=Version(stamp=Stamp(clock=1, server=1), key="lost"), value="ring"
                ),
                needs=(),
            ),
        ),
    ),
    Deliver(
        src="s1",
        dst="alice",
        body=Answer(
            request=Request(client="alice", number=1),
            result=Written(version=Version(stamp=Stamp(clock=1, server=1), key="lost")),
        ),
    ),
    Call(client="alice", operation=Write(key="found", value="ring")),
    Deliver(src="s2", dst="s3", body=Numbered(number=1, body=Clock(clock=1))),
    Deliver(
        src="alice",
        dst="s1",
        body=Ask(
            request=Request(client="alice", number=2),
            operation=Write(key="found", value="ring"),
            context=(),
        ),
    ),
    Deliver(
        src="s1",
        dst="s2",
        body=Numbered(
            number=2,
            body=Update(
                copy=Copy(
                    version=Version(stamp=Stamp(clock=2, server=1), key="found"), value="ring"
                ),
                needs=(),
            ),
        ),
    ),
    Deliver(
        src="s2",
        dst="bob",
        body=Answer(
            request=Request(client="bob", number=1),
            result=Found(
                key="found",
                copy=Copy(
                    version=Version(stamp=Stamp(clock=2, server=1), key="found"), value="ring"
                ),
            ),
        ),
    ),
    Call(client="bob", operation=Write(key="glad", value="bob")),
    Deliver(src="s2", dst="s3", body=Numbered(number=2, body=Clock(clock=2))),
    Deliver(
        src="bob",
        dst="s2",
        body=Ask(
            request=Request(client="bob", number=2),
            operation=Write(key="glad", value="bob"),
            context=(),
        ),
    ),
    Deliver(
        src="s2",
        dst="s3",
        body=Numbered(
            number=3,
            body=Update(
                copy=Copy(version=Version(stamp=Stamp(clock=3, server=2), key="glad"), value="bob"),
                needs=(),
            ),
        ),
    ),
)

LAMPORT_D5: tuple[Action, ...] = (
    Call(client="carol", operation=Write(key="x", value="carol")),
    Call(client="bob", operation=Write(key="x", value="bob")),
    Deliver(
        src="bob",
        dst="s2",
        body=Ask(
            request=Request(client="bob", number=1),
            operation=Write(key="x", value="bob"),
            context=(),
        ),
    ),
    Deliver(
        src="s2",
        dst="s3",
        body=Numbered(
            number=1,
            body=Update(
                copy=Copy(version=Version(stamp=Stamp(clock=1, server=2), key="x"), value="bob"),
                needs=(),
            ),
        ),
    ),
    Deliver(
        src="carol",
        dst="s3",
        body=Ask(
            request=Request(client="carol", number=1),
            operation=Write(key="x", value="carol"),
            context=(),
        ),
    ),
    Deliver(
        src="s2",
        dst="s1",
        body=Numbered(
            number=1,
            body=Update(
                copy=Copy(version=Version(stamp=Stamp(clock=1, server=2), key="x"), value="bob"),
                needs=(),
            ),
        ),
    ),
    Call(client="alice", operation=Write(key="x", value="alice")),
    Deliver(
        src="alice",
        dst="s1",
        body=Ask(
            request=Request(client="alice", number=1),
            operation=Write(key="x", value="alice"),
            context=(),
        ),
    ),
    Settle(silent=()),
    Deliver(
        src="s3",
        dst="s1",
        body=Numbered(
            number=1,
            body=Update(
                copy=Copy(version=Version(stamp=Stamp(clock=2, server=3), key="x"), value="carol"),
                needs=(),
            ),
        ),
    ),
    Deliver(
        src="s3",
        dst="s2",
        body=Numbered(
            number=1,
            body=Update(
                copy=Copy(version=Version(stamp=Stamp(clock=2, server=3), key="x"), value="carol"),
                needs=(),
            ),
        ),
    ),
    Deliver(
        src="s1",
        dst="s2",
        body=Numbered(
            number=1,
            body=Update(
                copy=Copy(version=Version(stamp=Stamp(clock=2, server=1), key="x"), value="alice"),
                needs=(),
            ),
        ),
    ),
    Deliver(
        src="s1",
        dst="s3",
        body=Numbered(
            number=1,
            body=Update(
                copy=Copy(version=Version(stamp=Stamp(clock=2, server=1), key="x"), value="alice"),
                needs=(),
            ),
        ),
    ),
    Deliver(
        src="s2",
        dst="bob",
        body=Answer(
            request=Request(client="bob", number=1),
            result=Written(version=Version(stamp=Stamp(clock=1, server=2), key="x")),
        ),
    ),
    Call(client="bob", operation=Read(key="x")),
    Deliver(
        src="bob",
        dst="s2",
        body=Ask(request=Request(client="bob", number=2), operation=Read(key="x"), context=()),
    ),
    Deliver(
        src="s2",
        dst="bob",
        body=Answer(
            request=Request(client="bob", number=2),
            result=Found(
                key="x",
                copy=Copy(version=Version(stamp=Stamp(clock=2, server=3), key="x"), value="carol"),
            ),
        ),
    ),
)
