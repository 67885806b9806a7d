"""Mappings: how an organisation's values become the standard's codes, proposed by one person, approved by another."""
