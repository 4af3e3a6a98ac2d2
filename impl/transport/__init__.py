"""Where a hosted node meets the world: sockets, timers, files, and the clock that logs tell."""
