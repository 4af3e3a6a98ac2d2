"""The composition root: catalog, command line, pytest plugin, reports."""
