"""How people come in: password and second step, passkeys, recovery codes, sessions, and the letters about them."""
