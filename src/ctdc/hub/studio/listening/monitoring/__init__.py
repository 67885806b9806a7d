"""Whether all is well: what is covered, how fresh it is, how good what arrives is, and whether the site answers."""
