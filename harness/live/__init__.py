"""The systems of the catalog as processes: clusters, their clients, faults, histories."""
