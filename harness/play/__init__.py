"""Sessions by hand: a person calls, delivers and interferes, and every session is a trace."""
