"""k-anonymity, for comparison with what protects people: it is not a guarantee."""
