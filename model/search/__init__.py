"""Who chooses: walks, the Hypothesis machine, exhaustive exploration, replay and minimisation."""
