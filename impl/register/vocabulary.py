"""The words of the register, in the order that numbers them on the wire. Append; never reorder."""

from __future__ import annotations

from counterpoint.impl.register import messages as register
from counterpoint.impl.register import protocol as register_states
from counterpoint.impl.register import values as register_values

REGISTER: tuple[type, ...] = (
    register.Write,
    register.Read,
    register.Refused,
    register.Request,
    register.Ask,
    register.Answer,
    register.Query,
    register.Have,
    register.Store,
    register.Stored,
    register_values.Written,
    register_values.Record,
    register_states.Shelf,
)
"""Operations, answers and messages of the register; a server persists its shelf."""
