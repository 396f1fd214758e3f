"""Load a model folder and predict."""
