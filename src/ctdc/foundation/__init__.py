"""What every other room may rely on. Standard library only; knows nothing of cases, tables or the web."""
