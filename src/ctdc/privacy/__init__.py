"""The engine: one noisy measurement of a coded table, and everything that may be computed from it."""
