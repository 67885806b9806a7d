"""Tables that people ask for again and again, ready to use, and the programs that compute the findings anew."""
