"""What `counterpoint new` writes: a protocol and its tests, kept here as modules, which are checked."""
