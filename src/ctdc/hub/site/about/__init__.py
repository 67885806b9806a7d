"""Pages that explain the data, the people behind the project and how to get help: text that editors change."""
