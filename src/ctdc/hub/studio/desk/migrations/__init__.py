"""Changes of the tables of the release desk."""
