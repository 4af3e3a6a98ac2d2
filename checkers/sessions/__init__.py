"""Session guarantees: what each client may expect of its own past."""
