"""Real asyncio programs under the scheduler: nodes are coroutines, and the harness is the world.

import counterpoint as cp

async def server(node: cp.aio.Node) -> None: ...

test_store = cp.verify(cp.aio.scenario(nodes={"s": server, "c": client}))
"""

from __future__ import annotations

from importlib import import_module

_HOMES = {
    "harness.aio.escapes": ("Escaped",),
    "harness.aio.given_node": ("AsyncCall", "Node"),
    "harness.aio.real": ("RealRun", "run"),
    "harness.aio.scenarios": ("scenario",),
}
"""Where each public name is at home: that place may move, the name stays."""

__all__ = sorted(name for names in _HOMES.values() for name in names)


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            found = globals()[name] = getattr(import_module(f"counterpoint.{module}"), name)
            return found
    raise AttributeError(f"module 'counterpoint.aio' has no attribute {name!r}")
