"""The messages in flight by link, followed from step to step, so that a step looks at what is new."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from counterpoint.model.normal import Call, Fire
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Message


class LinkQueues:
    """The messages of each link that has any, oldest first: of each lane, where there are some.

    They follow one run. What a delivery, a call or a timer changes is known; after anything else all
    messages are looked at again.
    """

    def __init__(self) -> None:
        self._queues: dict[int, deque[Message]] = {}
        self._choices = self._flights = -2  # before any that there could be

    def of(self, run: Simulation) -> Mapping[int, deque[Message]]:
        """Return the messages of a run, which is the same run each time."""
        if not self._has_followed(run):
            self._queues.clear()
            self._append(run, run.flights)
        self._choices, self._flights = len(run.choices), len(run.flights)
        return self._queues

    def _has_followed(self, run: Simulation) -> bool:
        """Take in what has happened since, and tell whether that could be."""
        choices, count = run.choices, self._flights
        if len(choices) != self._choices + 1:
            return len(choices) == self._choices and len(run.flights) == count
        last = choices[-1]
        if type(last) is Call or type(last) is Fire:
            self._append(run, run.flights[count:])
            return True
        message = self._delivered(run, last)
        if message is None:
            return False
        self._append(run, run.flights[count - 1 :])
        return True

    def _delivered(self, run: Simulation, last: object) -> Message | None:
        """Take off the message whose delivery this was, if that is the oldest of a link."""
        deliveries = run.compiled.deliveries
        for link, queue in self._queues.items():
            if deliveries[queue[0]] is last:
                message = queue.popleft()
                if not queue:
                    del self._queues[link]
                return message
        return None

    def _append(self, run: Simulation, messages: Iterable[Message]) -> None:
        links, queues = run.compiled.link, self._queues
        for message in messages:
            queue = queues.get(links[message])
            if queue is None:
                queues[links[message]] = deque((message,))
            else:
                queue.append(message)
