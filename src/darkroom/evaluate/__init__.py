"""Evaluate a model on the test images."""
