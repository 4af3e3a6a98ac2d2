"""How each system of the catalog is hosted; each is imported when it is asked for."""
