"""The public site: a view of a release, and of nothing else."""
