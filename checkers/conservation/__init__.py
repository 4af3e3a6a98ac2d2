"""Conservation: what is neither made nor lost, in every state and on every consistent cut."""
