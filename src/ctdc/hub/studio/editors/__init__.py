"""Editors: stories and pages are written, translated, checked by a second editor and published."""
