"""A workbench for one sensitive table: from the file to what may be published, in the browser, without code."""
