"""Data stories: texts in five languages whose every number and chart is bound to a release and never typed."""
