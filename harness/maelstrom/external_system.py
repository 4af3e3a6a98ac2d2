"""A system whose servers are programs: what they are given and write are the inputs and effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from counterpoint.harness.maelstrom.external_programs import ExternalPrograms, Inputs
from counterpoint.harness.maelstrom.json_body import JsonBody, body_of, compact, line_of, message_in
from counterpoint.harness.maelstrom.program_process import ExternalFailure, ProgramOutput
from counterpoint.harness.maelstrom.services import KvState, kv_step
from counterpoint.model.node import (
    CancelTimer,
    Effect,
    Input,
    Invoke,
    Persist,
    Receive,
    Recover,
    Return,
    Send,
    SetTimer,
    Start,
    Step,
    Timeout,
)
from counterpoint.model.values import NodeId, Value

CONTROLLER = "c0"
"""Who tells a program its name; what is answered to it is not a part of the run."""

TIME = "time"
"""The timer of a program that waits for time to pass: it passes when this goes off."""

PAUSE, GO_ON = "pause", "go on"
"""What tells a node that its program is stopped, and that it runs again."""

TICKS_MAX = 40
"""So often time passes for a program in a run; then it stands still, so that runs come to rest."""


@dataclass(frozen=True, slots=True)
class ProgramState:
    """Everything that a program was given since it began, the how-manieth time it did, and whether
    it waits for time to pass. What comes while it is paused is `kept`."""

    incarnation: int = 0
    inputs: Inputs = ()
    waits: bool = False
    is_paused: bool = False
    kept: Inputs = ()

    @property
    def shown(self) -> Mapping[str, Value]:
        """What a report shows of it from step to step: its messages are told already."""
        return {"begun": self.incarnation} if self.incarnation > 1 else {}

    def __str__(self) -> str:
        again = f", begun {self.incarnation} times" if self.incarnation > 1 else ""
        pause = f", paused, {len(self.kept)} more wait" if self.is_paused else ""
        count = len(self.inputs)
        return f"was given {count} line{'s' if count != 1 else ''}{again}{pause}"


@dataclass(frozen=True, slots=True)
class CallerState:
    """A client: how many questions it has asked, what it waits for, and what it has to remember."""

    asked: int = 0
    operation: Value = None
    memory: Value = ()

    def __str__(self) -> str:
        return f"{self.asked} calls"


CERTAIN = frozenset({1, 10, 11, 12, 14, 20, 21, 22, 30})
"""The codes of errors by which an operation was surely not carried out, by Maelstrom's protocol."""


@dataclass(frozen=True, slots=True)
class ProgramError:
    """A program answered that it has not done what it was asked."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"error {self.code} ({self.text})"

    @property
    def is_certain(self) -> bool:
        """Tell whether the operation surely had no effect; codes of one's own do not say so."""
        return self.code in CERTAIN


AsksProgram = Callable[[Value, Value], Mapping[str, Any]]
"""What a client says to ask for an operation, given what it remembers."""

ReadsAnswer = Callable[[Value, Mapping[str, Any], Value], tuple[Value, Value]]
"""The result that an answer is, and what the client remembers from then on."""


@dataclass(frozen=True)
class ExternalSystem:
    """Programs `servers`, the `services` that they use, and the clients, each with its `home`."""

    never_comes_back: ClassVar[bool] = True
    """States only grow: explorations are refused, and campaigns forget what they have met."""

    programs: ExternalPrograms
    servers: tuple[NodeId, ...]
    services: tuple[NodeId, ...]
    home: Mapping[NodeId, NodeId]
    question: AsksProgram
    answer: ReadsAnswer
    opening: tuple[JsonBody, ...] = ()
    _time: int = field(default=TICKS_MAX)

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        """Clients, programs, services."""
        return (*self.home, *self.servers, *self.services)

    def initial(self, node: NodeId) -> Value:
        """Return the state of a node before its first input."""
        if node in self.home:
            return CallerState()
        return KvState() if node in self.services else ProgramState()

    def handle(self, node: NodeId, state: Any, given: Input) -> Step[Any]:
        """Return what a node does."""
        if node in self.home:
            return self._caller(node, state, given)
        if node in self.services:
            return kv_step(node, self.servers, state, given)
        match given:
            case Start():
                return self._begun(node, 1)
            case Recover(durable):
                assert isinstance(durable, int), durable
                return self._begun(node, durable + 1)
            case Receive(source, JsonBody() as body):
                return self._given(node, state, line_of(source, node, body), was_armed=state.waits)
            case Timeout(timer) if timer == PAUSE:
                return Step(replace(state, is_paused=True))
            case Timeout(timer) if timer == GO_ON:
                return self._went_on(node, state)
            case Timeout():
                return self._given(node, replace(state, waits=False), "", was_armed=False)
        raise AssertionError(f"{node} was given {given!r}")

    # ---- programs ------------------------------------------------------------------------------------

    def _begun(self, node: NodeId, incarnation: int) -> Step[ProgramState]:
        """Begin: a program is told its name, and what else comes before everything."""
        init = body_of({"type": "init", "node_id": node, "node_ids": [*self.servers], "msg_id": 1})
        state, effects = ProgramState(incarnation), [Persist(incarnation)]
        sent: list[Effect] = []
        for body in (init, *self.opening):
            step = self._given(node, state, line_of(CONTROLLER, node, body), was_armed=state.waits)
            state = step.state
            sent += step.effects
            if body is init and not _is_welcome(self._written(node, state)):
                raise ExternalFailure(
                    f'does not answer init with {{"type": "init_ok", "in_reply_to": 1}}; it wrote '
                    f"{' '.join(self._written(node, state).lines)[:200] or 'nothing'}"
                )
        return Step(state, [*effects, *sent])

    def _written(self, node: NodeId, state: ProgramState) -> ProgramOutput:
        return self.programs.written(node, state.incarnation, state.inputs)

    def _given(
        self, node: NodeId, state: ProgramState, line: str, *, was_armed: bool
    ) -> Step[ProgramState]:
        if state.is_paused:
            return Step(replace(state, kept=(*state.kept, line)))
        inputs = (*state.inputs, line)
        written = self.programs.written(node, state.incarnation, inputs)
        waits = written.waits and inputs.count("") < self._time
        effects: list[Effect] = [
            Send(to, body) for to, body in map(message_in, written.lines) if to != CONTROLLER
        ]
        if waits != was_armed:
            effects.append(SetTimer(TIME) if waits else CancelTimer(TIME))
        return Step(ProgramState(state.incarnation, inputs, waits), effects)

    def _went_on(self, node: NodeId, state: ProgramState) -> Step[ProgramState]:
        """Give a program what was kept for it, a line at a time."""
        now, effects = replace(state, is_paused=False, kept=()), list[Effect]()
        for line in state.kept:
            step = self._given(node, now, line, was_armed=now.waits)
            now = step.state
            effects += step.effects
        return Step(now, effects)

    # ---- clients -------------------------------------------------------------------------------------

    def _caller(self, node: NodeId, state: CallerState, given: Input) -> Step[CallerState]:
        match given:
            case Invoke(operation):
                number = state.asked + 1
                fields = {**self.question(operation, state.memory), "msg_id": number}
                asked = CallerState(number, operation, state.memory)
                return Step(asked, Send(self.home[node], body_of(fields)))
            case Receive(_, JsonBody() as body) if state.operation is not None:
                fields = dict(body.fields)
                if fields.get("in_reply_to") == state.asked:
                    result, memory = self._result(state, fields)
                    return Step(CallerState(state.asked, None, memory), Return(result))
        return Step(state)  # nobody waits for it any more, or nobody ever did

    def _result(self, state: CallerState, fields: Mapping[str, Any]) -> tuple[Value, Value]:
        if fields["type"] == "error":
            code = fields.get("code")
            failed = ProgramError(
                code if isinstance(code, int) else 13, str(fields.get("text", ""))
            )
            return failed, state.memory
        right = f"{self.question(state.operation, state.memory)['type']}_ok"
        if fields["type"] != right:
            what = f"{state.operation!r} was answered with {compact(fields)}"
            raise ExternalFailure(f'{what}; right would be "type": "{right}", or an error')
        try:
            return self.answer(state.operation, fields, state.memory)
        except (KeyError, TypeError, ValueError) as error:
            right = "what the protocol says of it is not there"
            what = f"{state.operation!r} was answered with {compact(fields)}"
            raise ExternalFailure(f"{what}; {right}: {error!r}") from None


def _is_welcome(written: ProgramOutput) -> bool:
    """Tell whether a program has answered that it knows its name."""
    replies = [body.fields for to, body in map(message_in, written.lines) if to == CONTROLLER]
    return any(one["type"] == "init_ok" and one.get("in_reply_to") == 1 for one in replies)
