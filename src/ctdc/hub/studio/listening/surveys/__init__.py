"""A short survey of readers, begun for a period, with its totals."""
