"""What `counterpoint explore` says about goals: where each is first met, and by which run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from counterpoint.harness.explanation.plain import count_of
from counterpoint.harness.exploration.rounds import FaultRounds
from counterpoint.harness.keeping import KeptTrace


def goals_result(rounds: FaultRounds, traces: Mapping[str, KeptTrace]) -> dict[str, object]:
    """Return the goals for the JSON result, nothing where there are none."""
    goals = [
        {
            "goal": found.goal,
            "reached": found.is_met,
            "first": found.first,
            "last": found.last,
            "trace": traces[found.goal].text if found.is_met else None,
        }
        for found in rounds.reached
    ]
    return {"goals": goals} if goals else {}


def goals_told(rounds: FaultRounds, traces: Mapping[str, KeptTrace]) -> Iterator[str]:
    """Return a line for each goal."""
    explored = rounds.last.explored
    for found in rounds.reached:
        nearest, farthest = f"first after {found.first} steps", f"last after {found.last} steps"
        if found.is_met:
            run = traces[found.goal].command("show") or "not kept"
            yield f"reached: {found.goal} · {nearest}, {farthest} · {run}"
        elif explored.stop == "complete":
            within = count_of(rounds.last.faults, "fault")
            yield f"never reached: {found.goal} · no run within {within} gets there"
        else:
            yield f"not reached so far: {found.goal} · {explored.states:,} states were searched"
