"""Deliveries: files arrive sealed, are checked by the worker, come back as a report, and go into the vault."""
