"""The private side of a hub: contributors deliver, stewards review, editors write. Django and Wagtail live here."""
