"""Promote the better model and register it."""
