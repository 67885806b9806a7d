"""Immutable, verifiable folders of published files."""
