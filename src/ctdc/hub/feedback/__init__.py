"""What readers tell the site: received without knowing who they are, kept in a folder until somebody answers."""
