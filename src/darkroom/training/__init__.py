"""Train any network: batches, augmentation, optimizer, checkpoints."""
