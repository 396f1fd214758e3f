"""From arrays to a model: networks, augmentation, training and search."""
