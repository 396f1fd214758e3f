"""What the command line does beside the stages: fetch a data set, relabel it, run and retrain the pipeline."""
