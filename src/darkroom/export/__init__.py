"""Turn a model folder into a file that other programs run, and prove that both predict the same."""
