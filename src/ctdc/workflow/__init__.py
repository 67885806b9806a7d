"""One verb per module; the only room where raw records and the engine meet."""
