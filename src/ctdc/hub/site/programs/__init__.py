"""The page of the counts service, for people who write programs."""
