"""What the training of the tuned network starts from."""
