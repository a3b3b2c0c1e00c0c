"""Numbers that say how good a result is, and the table of their names."""
