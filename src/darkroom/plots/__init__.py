"""Figures and the numbers in them."""
