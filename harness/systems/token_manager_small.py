"""Small scenarios of the token manager, made to be explored: no timer fires, so that runs end.

A timer repeats what was sent before; without one nothing is sent twice, and what is lost stays lost.
With faults a server falls silent, once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from counterpoint.harness.systems.token_manager_plans import TokenOptions, TokenPlan
from counterpoint.impl.token_manager.deployment import Deployment
from counterpoint.impl.token_manager.words import GetTokens, Pay, Transform
from counterpoint.model.scenario import budgets
from counterpoint.model.values import NodeId, Value


def small(options: TokenOptions) -> TokenPlan:
    """Two clients pay each other."""
    return _explored(options, {"c1": (Pay(0, 2),), "c2": (Pay(1, 1),)})


def small_look(options: TokenOptions) -> TokenPlan:
    """One client pays another, which looks at what it has."""
    return _explored(options, {"c1": (Pay(0, 2),), "c2": (GetTokens(2),)})


def small_join(options: TokenOptions) -> TokenPlan:
    """One client pays, while another becomes a server."""
    return _explored(options, {"c1": (Pay(0, 2),), "c2": (Transform(),)})


def _explored(options: TokenOptions, calls: Mapping[NodeId, tuple[Value, ...]]) -> TokenPlan:
    deployment = Deployment(2, options.servers or 3, options.tokens or 2)
    limits = budgets(omit=1, fire=0)
    return TokenPlan(deployment, calls, limits, (10, 60), min_calls_per_run=1.0)


SMALL: Mapping[str, Callable[[TokenOptions], TokenPlan]] = MappingProxyType(
    {"small": small, "small_look": small_look, "small_join": small_join}
)
