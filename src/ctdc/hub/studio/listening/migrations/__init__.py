"""The tables of listening."""
