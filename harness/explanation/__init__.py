"""What a trace says, before anything shows it: calls, changes, holders, sentences in plain text."""
