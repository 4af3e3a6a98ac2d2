"""The machine: values in, trace out. Knows no protocol and no checker."""
