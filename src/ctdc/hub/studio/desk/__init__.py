"""From a plan to a published release: tried, run, evaluated, reviewed by two others, published, withdrawn."""
