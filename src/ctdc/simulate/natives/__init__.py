"""One module per simulated contributor: its questions, its words, its gaps, and what they mean."""
