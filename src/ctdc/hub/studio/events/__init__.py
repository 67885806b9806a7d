"""What was done in the studio, by whom: a chain of lines in the database, written with each act and never changed."""
