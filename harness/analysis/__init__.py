"""What re-running a trace tells: every step again, changed runs, and when the failure was certain."""
