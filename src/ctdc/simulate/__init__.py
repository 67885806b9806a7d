"""Plausible, entirely invented case files in the native formats of five simulated contributors."""
