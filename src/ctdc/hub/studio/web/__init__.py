"""What all pages of the studio share: their frame, their words, their headers, and who may see what."""
