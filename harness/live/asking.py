"""Whether nodes are there: asked as a user does."""

from __future__ import annotations

import asyncio

from counterpoint.harness.live.nodes import Members
from counterpoint.impl.transport.user import Unreachable
from counterpoint.model.values import NodeId

PATIENCE_SECONDS = 2.0


async def answers(members: Members, node: NodeId) -> bool:
    """Tell whether a node can be talked to."""
    try:
        user = await asyncio.wait_for(members.user_of(node), PATIENCE_SECONDS)
    except (Unreachable, TimeoutError):
        return False
    await user.close()
    return True
