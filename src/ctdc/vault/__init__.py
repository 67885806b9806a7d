"""The sealed store: raw deliveries and harmonised cases, the keys to them, and the log of every access."""
