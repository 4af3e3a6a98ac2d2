"""A scenario over which every process dies: there is a bug in some library, say."""

import os

import counterpoint as cp


def node(state: object, given: object) -> cp.Step[int]:
    del state, given
    os._exit(7)


SCENARIO = cp.Scenario(
    "deadly",
    cp.system(a=(node, 0)),
    calls={"a": ["ask"]},
    properties=[],
    invariants=[cp.always("small", lambda states: states["a"] < 9)],
)
