"""The pages in docs/reference/, generated from the code: `python -m tools.reference` writes them."""
