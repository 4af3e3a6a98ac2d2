"""Events at random, most of which fit together."""

from __future__ import annotations

from random import Random

from counterpoint.checkers.events import EventType, RecordedEvent
from counterpoint.checkers.history import UNKNOWN

FUNCTIONS = ("read", "write", "cas", "txn", "add", "enqueue", "dequeue", "get")
VALUES = (None, 1, True, (1, 2), (("r", "x", None),), (("r", "x", 5),), UNKNOWN, "a")
ENDINGS: tuple[EventType, ...] = ("ok", "ok", "ok", "fail", "info")


def events_at_random(random: Random) -> list[RecordedEvent]:
    """Draw a few calls and completions of three clients."""
    events: list[RecordedEvent] = []
    pending: dict[str, RecordedEvent] = {}
    wild = random.random() < 0.2
    for step in range(random.randrange(1, 12)):
        client = random.choice("abc")
        call = pending.pop(client, None)
        if call is None or (wild and random.random() < 0.2):
            call = RecordedEvent(
                client,
                "invoke",
                random.choice(FUNCTIONS),
                random.choice((None, "x")),
                random.choice(VALUES),
                step + 1,
                step,
            )
            pending[client] = call
            events.append(call)
            continue
        value = call.value if random.random() < 0.8 else random.choice(VALUES)
        kind = random.choice(ENDINGS)
        f = random.choice(("", call.f, call.f)) if not wild else random.choice(FUNCTIONS)
        key = random.choice((None, call.key))
        events.append(RecordedEvent(client, kind, f, key, value, step + 1, step))
    return events
