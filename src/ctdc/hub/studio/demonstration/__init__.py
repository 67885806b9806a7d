"""A studio to try things out in: every case and every account in it is invented, and it stays so."""
