"""What catalogues, search engines, archives, reference managers and spreadsheets need of a release.

Promise: one format a module. Everything is made from what the release already says (its info, code book, privacy facts
and files), so that no format can say something else than the others; the same release gives the same bytes.
"""
