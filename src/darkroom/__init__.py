"""From an archive of labelled images to a validated, tuned, compared and versioned classifier."""
