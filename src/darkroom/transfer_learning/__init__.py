"""Train a head on a pretrained backbone, and fine-tune it."""
