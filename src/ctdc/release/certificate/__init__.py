"""The certificate of a release: what is promised about it, in one file, signed by whoever publishes it."""
