"""Session guarantees: what each client may expect of its own past."""

from counterpoint.checkers.sessions.check import check_sessions

__all__ = ["check_sessions"]
