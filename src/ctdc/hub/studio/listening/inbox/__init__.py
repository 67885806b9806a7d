"""Readers' messages and the public answers to them."""
