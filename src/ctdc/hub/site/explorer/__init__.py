"""The explorer: free questions to every variable of a release, each answered by one number with its interval."""
