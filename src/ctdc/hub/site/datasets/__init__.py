"""Data sets for people who use them: the page of a release's files, and a page for each variable of its code book."""
