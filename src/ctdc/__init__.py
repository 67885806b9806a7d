"""The open Counter-Trafficking Data Collaborative."""
