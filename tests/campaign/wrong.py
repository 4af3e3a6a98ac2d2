"""A scenario whose node answers where nobody has asked."""

import counterpoint as cp


def node(state: int, given: object) -> cp.Step[int]:
    del given
    return cp.Step(state + 1, cp.Return("done"))


SCENARIO = cp.Scenario(
    "wrong",
    cp.system(a=(node, 0)),
    calls={"a": ["ask"]},
    properties=[],
    invariants=[cp.always("odd", lambda states: states["b"] < 9)],
)
