"""How unlike all training images an image is, as the network sees it."""
