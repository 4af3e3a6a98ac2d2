"""The judge: random small systems, on which every search must say what a stupid one says."""
