"""Which nodes of a grammar define, contain or import something: one table per language."""
