"""The reference systems put together: protocol, calls, faults, properties, and known mutants."""
