"""From probabilities to a verdict: metrics with intervals, tests of difference, figures, the report."""
