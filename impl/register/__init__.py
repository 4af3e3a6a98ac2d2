"""A fail-silent replicated register: one writer, N readers, atomic."""
