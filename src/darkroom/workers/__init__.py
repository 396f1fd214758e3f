"""Where work runs: worker processes for many small items, and for a few long tasks."""
