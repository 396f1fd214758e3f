"""Metrics with intervals, and tests of difference."""
