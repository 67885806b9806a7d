"""Releases of other hubs on the site: who published them, that their numbers stand alone, and what became of them."""
