"""Reports of a run: what happened told as sentences, drawn as lanes, and read in a terminal."""
