"""Scripts that run one method each, in the method's own environment."""
