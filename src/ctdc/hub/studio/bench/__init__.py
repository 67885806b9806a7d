"""The workbench within the studio: a room in memory for one person's table, and what was charged, which stays."""
