"""Two-phase commit with presumed abort: all commit or none does, and who has voted must wait.

Source: J. Gray, Notes on Data Base Operating Systems (1978); C. Mohan, B. Lindsay, R. Obermarck,
Transaction Management in the R* Distributed Database Management System (TODS 1986).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

import counterpoint as cp

Variant = Literal["right", "forgets its vote", "tells before it keeps", "does not wait"]
PARTICIPANTS = ("p1", "p2")


@cp.value
class Prepare:
    """Can you commit?"""


@cp.value
class Vote:
    yes: bool


@cp.value
class Decide:
    commit: bool


@cp.value
class Inquire:
    """What was decided?"""


@cp.value
class Coordinator:
    phase: str = "idle"  # collecting, then committed or aborted
    votes: tuple[str, ...] = ()


@cp.value
class Participant:
    phase: str = "working"  # ready, then committed or aborted


def told(commit: bool) -> list[cp.Effect]:
    """The decision for everybody, and again later: it may be lost."""
    return [*(cp.Send(p, Decide(commit)) for p in PARTICIPANTS), cp.Return(word(commit))]


def word(commit: bool) -> str:
    return "committed" if commit else "aborted"


def coordinator(
    variant: Variant, state: Coordinator, given: cp.Input
) -> cp.Step[Coordinator] | None:
    match state.phase, given:
        case "idle", cp.Invoke():
            prepare = [cp.Send(p, Prepare()) for p in PARTICIPANTS]
            return cp.Step(Coordinator("collecting"), prepare, cp.SetTimer("votes"))
        case "aborted", cp.Invoke():
            return cp.Step(state, cp.Return("aborted"))
        case "collecting", cp.Receive(voter, Vote(True)):
            votes = tuple(sorted({*state.votes, voter}))
            if votes != PARTICIPANTS:
                return cp.Step(Coordinator("collecting", votes))
            kept = None if variant == "tells before it keeps" else cp.Persist("committed")
            return cp.Step(Coordinator("committed"), kept, told(True), cp.CancelTimer("votes"))
        case "collecting", cp.Receive(_, Vote(False)) | cp.Timeout("votes"):
            return cp.Step(Coordinator("aborted"), told(False), cp.CancelTimer("votes"))
        case "committed" | "aborted", cp.Receive(asks, Inquire()):
            return cp.Step(state, cp.Send(asks, Decide(state.phase == "committed")))
        case _, cp.Recover(kept):  # presumed abort: what was not kept was not decided
            return cp.Step(Coordinator("committed" if kept else "aborted"))
    return None


def participant(
    variant: Variant, state: Participant, given: cp.Input
) -> cp.Step[Participant] | None:
    match state.phase, given:
        case "working", cp.Start():
            return cp.Step(state, cp.SetTimer("patience"))
        case "working", cp.Timeout("patience"):
            return cp.Step(Participant("aborted"), cp.Persist("aborted"))
        case "aborted", cp.Receive(asks, Prepare()):
            return cp.Step(state, cp.Send(asks, Vote(False)))
        case "working" | "ready", cp.Receive(asks, Prepare()):
            kept = None if variant == "forgets its vote" else cp.Persist("ready")
            vote = cp.Send(asks, Vote(True))
            return cp.Step(
                Participant("ready"), kept, vote, cp.CancelTimer("patience"), cp.SetTimer("ask")
            )
        case "ready", cp.Timeout("ask") if variant == "does not wait":
            return cp.Step(Participant("aborted"), cp.Persist("aborted"))
        case "ready", cp.Timeout("ask"):
            return cp.Step(state, cp.Send("c", Inquire()), cp.SetTimer("ask"))
        case "ready", cp.Receive(_, Decide(commit)):
            decided = word(commit)
            return cp.Step(Participant(decided), cp.Persist(decided), cp.CancelTimer("ask"))
        case "working", cp.Receive(_, Decide()):  # before the question came: an abort
            return cp.Step(Participant("aborted"), cp.Persist("aborted"))
        case _, cp.Recover("ready"):
            return cp.Step(Participant("ready"), cp.SetTimer("ask"))
        case _, cp.Recover(kept):
            return cp.Step(Participant(str(kept or "aborted")))
    return None


def atomic(states: Mapping[str, Any]) -> str | None:
    """Nobody commits what another has aborted."""
    of = {phase: n for n, s in states.items() for phase in [s.phase]}
    if "committed" in of and "aborted" in of:
        return f"{of['committed']} has committed and {of['aborted']} has aborted"
    return None


def nobody_waits(blocking: bool, states: Mapping[str, Any], silent: tuple[str, ...]) -> str | None:
    """At rest everybody who has voted, and is well, knows what was decided."""
    if "c" in silent and not blocking:
        return None
    ready = [n for n, state in states.items() if state.phase == "ready" and n not in silent]
    return f"{ready[0]} has voted and waits for ever" if ready else None


def scenario(variant: Variant = "right", blocking: bool = False) -> cp.Scenario:
    """One transaction of two participants; one node may crash, and one fall silent for good.

    `blocking` asks that nobody waits even if that one is the coordinator, which cannot be had.
    """
    roles = {p: (partial(participant, variant), Participant()) for p in PARTICIPANTS}
    return cp.Scenario(
        "two-phase commit",
        cp.system(c=(partial(coordinator, variant), Coordinator()), **roles),
        calls={"c": ["commit"]},
        properties=[cp.eventually("nobody waits", partial(nobody_waits, blocking))],
        invariants=[cp.always("atomicity", atomic)],
        limits=cp.faults(crash=1, drop=1, fire=3),
        tolerates=cp.minority_of("c", *PARTICIPANTS),
        min_calls_per_run=0.2,
    )


test_two_phase_commit = cp.verify(scenario())
