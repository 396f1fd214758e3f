"""Train a model of the run again: on some of the training images, with some seed."""
