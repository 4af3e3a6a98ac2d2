"""Talking to a cluster: wishes go out, answers and pushed updates come in, as lines of text."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from counterpoint.harness.live.command_words import answer_text
from counterpoint.harness.live.nodes import Members
from counterpoint.harness.live.wishes import UserWish
from counterpoint.impl.host.node import InputRejected
from counterpoint.impl.stores.words import Told
from counterpoint.impl.transport.running_node import RunningNode
from counterpoint.impl.transport.user import Unreachable, User
from counterpoint.model.values import NodeId, Value


@dataclass(frozen=True, slots=True)
class WishReply:
    """What came of a wish: its text, and whether it was granted, refused, or nobody knows."""

    text: str
    outcome: str = "answered"


class Conversation:
    """A client of a cluster, for as long as the conversation lasts."""

    def __init__(self, members: Members, client: RunningNode | None, seconds: float) -> None:
        self.members = members
        self.client = client
        self.seconds = seconds
        self._users: dict[NodeId, User] = {}

    async def fulfil(self, wish: UserWish) -> WishReply:
        """Do what a wish says."""
        match wish:
            case UserWish("wait" | "watch", seconds=seconds):
                await asyncio.sleep(seconds)
                return WishReply("")
            case UserWish("status"):
                return WishReply("\n".join([await self._status(n) for n in self.members.served]))
        try:
            result = await asyncio.wait_for(self._call(wish), self.seconds)
        except TimeoutError:
            return WishReply(self._late(), "undecided")
        except Unreachable as error:
            return WishReply(str(error), "undecided")
        except InputRejected as error:
            return WishReply(str(error), "refused")
        text, is_refusal = answer_text(self.members, result)
        return WishReply(text, "refused" if is_refusal else "answered")

    def _late(self) -> str:
        """Say that there was no answer in time, and of a connection that was closed why."""
        why = self.client.why_closed if self.client is not None else ""
        closed = f" (a connection was closed: {why})" if why else ""
        return (
            f"no answer within {self.seconds:g} s{closed}; the call may take effect yet, or never"
        )

    async def _call(self, wish: UserWish) -> Value:
        if self.client is not None:
            return await self.client.call(wish.operation)
        assert wish.node is not None, wish
        return await (await self._user(wish.node)).ask(wish.operation)

    async def _user(self, node: NodeId) -> User:
        if node not in self._users:
            self._users[node] = await self.members.user_of(node)
        return self._users[node]

    async def _status(self, node: NodeId) -> str:
        try:
            user = await asyncio.wait_for(self.members.user_of(node), 2.0)
        except (Unreachable, TimeoutError):
            return f"{node}: faulty - does not answer"
        try:
            return f"{node}: {await asyncio.wait_for(user.status(), 2.0)}"
        except (Unreachable, TimeoutError):
            return f"{node}: faulty - does not answer"
        finally:
            await user.close()

    async def close(self) -> None:
        """Hang up everywhere."""
        for user in self._users.values():
            await user.close()


@contextlib.asynccontextmanager
async def conversation(
    members: Members,
    name: NodeId | None,
    *,
    seconds: float,
    tell: Callable[[str], None],
) -> AsyncIterator[Conversation]:
    """Talk to a cluster as a client of this name; `tell` is given what comes without being asked.

    Raises:
        ClusterError, NodeRuns, DamagedFile: there is no such client, or it cannot run here.
    """
    client = members.client(name) if members.clients else None
    talk = Conversation(members, client, seconds)
    try:
        if client is not None:
            client.on_note = lambda note: tell(_news(note))
            await client.start()
        yield talk
    finally:
        await talk.close()
        if client is not None:
            await client.stop()


def _news(note: Value) -> str:
    return str(note.copy) if isinstance(note, Told) else str(note)
