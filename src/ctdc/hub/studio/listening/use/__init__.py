"""How much the public site is used, as it may be shown."""
