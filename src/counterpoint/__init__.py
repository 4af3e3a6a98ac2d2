"""Counterpoint: find the shortest run that breaks a message-passing protocol, and say why."""
