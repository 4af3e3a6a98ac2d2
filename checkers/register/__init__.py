"""Registers, the objects that reads and writes alone make up: checks in about linear time."""
