"""Answer HTTP requests with the probabilities of a model."""
