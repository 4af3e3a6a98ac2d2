"""The token manager's failure by its choices, so that the report of it does not depend on a search."""

from __future__ import annotations

from counterpoint.impl.token_manager_words import (
    Ask,
    Configuration,
    GetTokens,
    Holding,
    Holds,
    Impose,
    Pay,
    Store,
    Stored,
    Told,
)
from counterpoint.model.actions import Call, Deliver
from counterpoint.model.world import Action

TOKENS_A3: tuple[Action, ...] = (
    Call(client="c3", operation=GetTokens(owner=5)),
    Call(client="c4", operation=GetTokens(owner=4)),
    Deliver(
        src="c4",
        dst="s2",
        body=Ask(request=1, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), token=None),
    ),
    Deliver(src="s2", dst="c4", body=Told(request=1, holdings=())),
    Deliver(
        src="c3",
        dst="s1",
        body=Ask(request=1, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), token=None),
    ),
    Deliver(src="s1", dst="c3", body=Told(request=1, holdings=())),
    Call(client="c1", operation=Pay(token=4, to=2)),
    Deliver(
        src="c1",
        dst="s1",
        body=Ask(request=1, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), token=4),
    ),
    Deliver(
        src="c1",
        dst="s2",
        body=Ask(request=1, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), token=4),
    ),
    Deliver(src="s2", dst="c1", body=Told(request=1, holdings=(Holding(4, 1, 5),))),
    Deliver(src="s1", dst="c1", body=Told(request=1, holdings=(Holding(4, 1, 5),))),
    Call(client="c1", operation=Pay(token=0, to=1)),
    Deliver(
        src="c1",
        dst="s1",
        body=Ask(request=2, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), token=0),
    ),
    Deliver(
        src="c1",
        dst="s2",
        body=Ask(request=2, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), token=0),
    ),
    Deliver(src="s2", dst="c1", body=Told(request=2, holdings=(Holding(0, 1, 1),))),
    Deliver(src="s1", dst="c1", body=Told(request=2, holdings=(Holding(0, 1, 1),))),
    Deliver(
        src="c1",
        dst="s1",
        body=Store(
            request=3,
            config=Configuration(epoch=1, servers=("s1", "s2", "s3")),
            payment=Holding(0, 2, 1),
        ),
    ),
    Deliver(
        src="c1",
        dst="s2",
        body=Store(
            request=3,
            config=Configuration(epoch=1, servers=("s1", "s2", "s3")),
            payment=Holding(0, 2, 1),
        ),
    ),
    Deliver(src="s2", dst="c1", body=Stored(request=3)),
    Deliver(src="s1", dst="c1", body=Stored(request=3)),
    Call(client="c1", operation=Pay(token=0, to=4)),
    Deliver(
        src="c1",
        dst="s1",
        body=Ask(request=4, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), token=0),
    ),
    Deliver(
        src="c1",
        dst="s2",
        body=Ask(request=4, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), token=0),
    ),
    Deliver(src="s2", dst="c1", body=Told(request=4, holdings=(Holding(0, 2, 1),))),
    Deliver(src="s1", dst="c1", body=Told(request=4, holdings=(Holding(0, 2, 1),))),
    Deliver(
        src="c1",
        dst="s1",
        body=Store(
            request=5,
            config=Configuration(epoch=1, servers=("s1", "s2", "s3")),
            payment=Holding(0, 3, 4),
        ),
    ),
    Deliver(
        src="c1",
        dst="s2",
        body=Store(
            request=5,
            config=Configuration(epoch=1, servers=("s1", "s2", "s3")),
            payment=Holding(0, 3, 4),
        ),
    ),
    Deliver(src="s2", dst="c1", body=Stored(request=5)),
    Deliver(src="s1", dst="c1", body=Stored(request=5)),
    Deliver(
        src="c3",
        dst="s3",
        body=Ask(request=1, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), token=None),
    ),
    Deliver(src="s3", dst="c3", body=Told(request=1, holdings=())),
    Deliver(
        src="c3",
        dst="s1",
        body=Impose(request=2, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), view=()),
    ),
    Deliver(src="s1", dst="c3", body=Holds(request=2, table=(Holding(0, 3, 4),))),
    Deliver(
        src="c3",
        dst="s3",
        body=Impose(request=2, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), view=()),
    ),
    Deliver(src="s3", dst="c3", body=Holds(request=2, table=())),
    Call(client="c3", operation=Pay(token=2, to=4)),
    Deliver(
        src="c3",
        dst="s1",
        body=Ask(request=3, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), token=2),
    ),
    Deliver(src="s1", dst="c3", body=Told(request=3, holdings=(Holding(2, 1, 3),))),
    Deliver(
        src="c3",
        dst="s3",
        body=Ask(request=3, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), token=2),
    ),
    Deliver(src="s3", dst="c3", body=Told(request=3, holdings=(Holding(2, 1, 3),))),
    Deliver(
        src="c3",
        dst="s3",
        body=Store(
            request=4,
            config=Configuration(epoch=1, servers=("s1", "s2", "s3")),
            payment=Holding(2, 2, 4),
        ),
    ),
    Deliver(
        src="c4",
        dst="s3",
        body=Ask(request=1, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), token=None),
    ),
    Deliver(src="s3", dst="c4", body=Told(request=1, holdings=(Holding(2, 2, 4),))),
    Deliver(
        src="c4",
        dst="s2",
        body=Impose(
            request=2,
            config=Configuration(epoch=1, servers=("s1", "s2", "s3")),
            view=(Holding(2, 2, 4),),
        ),
    ),
    Deliver(src="s2", dst="c4", body=Holds(request=2, table=(Holding(0, 3, 4), Holding(2, 2, 4)))),
    Deliver(
        src="c4",
        dst="s3",
        body=Impose(
            request=2,
            config=Configuration(epoch=1, servers=("s1", "s2", "s3")),
            view=(Holding(2, 2, 4),),
        ),
    ),
    Deliver(src="s3", dst="c4", body=Holds(request=2, table=(Holding(2, 2, 4),))),
)
