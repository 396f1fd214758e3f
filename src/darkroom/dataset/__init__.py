"""From image files to a manifest and packed arrays."""
