"""A chart as a value with an address: made once from a release, then written as SVG, CSV, JSON, XLSX and as a page."""
