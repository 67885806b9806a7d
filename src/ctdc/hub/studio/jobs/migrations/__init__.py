"""Changes of the database, in their order. Written by Django."""
