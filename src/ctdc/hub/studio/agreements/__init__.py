"""Data-sharing agreements: what an organisation and the hub have signed, and what may be done because of it."""
