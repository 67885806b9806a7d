"""Long work, outside of requests: asked for in a transaction, done by a worker, taken up again after a kill."""
