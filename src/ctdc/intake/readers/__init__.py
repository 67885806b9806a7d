"""Readers: one module per kind of source file; all give the same frames of text columns."""
