"""Modules of other projects, byte for byte; `sources.json` says which, with digests and licences."""
