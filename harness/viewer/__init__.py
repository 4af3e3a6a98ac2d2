"""The files of the viewer: ours as they are, and, in `upstream`, those of others, unmodified."""
