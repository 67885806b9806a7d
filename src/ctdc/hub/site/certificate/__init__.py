"""What the site shows of a release's certificate."""
