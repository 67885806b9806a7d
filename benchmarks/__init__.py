"""Benchmarks: time, memory and error, against peers."""
