"""Registers, the objects that reads and writes alone make up: checks in about linear time."""

from counterpoint.checkers.register.check import check_register, check_registers

__all__ = ["check_register", "check_registers"]
