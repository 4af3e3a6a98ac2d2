"""The failure of the token manager by its choices: its report depends on no search."""

from __future__ import annotations

from counterpoint.impl.token_manager_messages import Ask, Holds, Impose, Store, Told
from counterpoint.impl.token_manager_words import Configuration, GetTokens, Holding
from counterpoint.model.actions import Call, Deliver
from counterpoint.model.world import Action

TOKENS_A3: tuple[Action, ...] = (
    Call(client="c4", operation=GetTokens(owner=5)),
    Deliver(
        src="c4",
        dst="s3",
        body=Ask(request=1, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), token=None),
    ),
    Deliver(
        src="c1",
        dst="s3",
        body=Store(
            request=1,
            config=Configuration(epoch=1, servers=("s1", "s2", "s3")),
            payment=Holding(token=0, version=2, owner=5),
        ),
    ),
    Call(client="c3", operation=GetTokens(owner=5)),
    Deliver(
        src="c3",
        dst="s1",
        body=Ask(request=1, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), token=None),
    ),
    Deliver(
        src="c2",
        dst="s1",
        body=Store(
            request=1,
            config=Configuration(epoch=1, servers=("s1", "s2", "s3")),
            payment=Holding(token=1, version=2, owner=5),
        ),
    ),
    Deliver(
        src="c4",
        dst="s1",
        body=Ask(request=1, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), token=None),
    ),
    Deliver(
        src="c3",
        dst="s3",
        body=Ask(request=1, config=Configuration(epoch=1, servers=("s1", "s2", "s3")), token=None),
    ),
    Deliver(src="s3", dst="c4", body=Told(request=1, holdings=())),
    Deliver(
        src="s1", dst="c4", body=Told(request=1, holdings=(Holding(token=1, version=2, owner=5),))
    ),
    Deliver(src="s1", dst="c3", body=Told(request=1, holdings=())),
    Deliver(
        src="s3", dst="c3", body=Told(request=1, holdings=(Holding(token=0, version=2, owner=5),))
    ),
    Deliver(
        src="c3",
        dst="s3",
        body=Impose(
            request=2,
            config=Configuration(epoch=1, servers=("s1", "s2", "s3")),
            view=(Holding(token=0, version=2, owner=5),),
        ),
    ),
    Deliver(
        src="c4",
        dst="s3",
        body=Impose(
            request=2,
            config=Configuration(epoch=1, servers=("s1", "s2", "s3")),
            view=(Holding(token=1, version=2, owner=5),),
        ),
    ),
    Deliver(
        src="c4",
        dst="s1",
        body=Impose(
            request=2,
            config=Configuration(epoch=1, servers=("s1", "s2", "s3")),
            view=(Holding(token=1, version=2, owner=5),),
        ),
    ),
    Deliver(
        src="c3",
        dst="s1",
        body=Impose(
            request=2,
            config=Configuration(epoch=1, servers=("s1", "s2", "s3")),
            view=(Holding(token=0, version=2, owner=5),),
        ),
    ),
    Deliver(
        src="s1", dst="c4", body=Holds(request=2, table=(Holding(token=1, version=2, owner=5),))
    ),
    Deliver(
        src="s3",
        dst="c4",
        body=Holds(
            request=2,
            table=(Holding(token=0, version=2, owner=5), Holding(token=1, version=2, owner=5)),
        ),
    ),
    Deliver(
        src="s3", dst="c3", body=Holds(request=2, table=(Holding(token=0, version=2, owner=5),))
    ),
    Deliver(
        src="s1",
        dst="c3",
        body=Holds(
            request=2,
            table=(Holding(token=0, version=2, owner=5), Holding(token=1, version=2, owner=5)),
        ),
    ),
)
