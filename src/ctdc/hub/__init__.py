"""The web side: everything that knows a web framework."""
