"""Observers: what they return is never written to an output."""
