"""Coded tables (one small unsigned integer column per variable), their schemas, and counting over them."""
