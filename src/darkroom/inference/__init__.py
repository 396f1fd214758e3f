"""Read a model folder and predict."""
