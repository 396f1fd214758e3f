"""From an archive of labelled pictures to a validated, tuned, compared and versioned classifier."""
