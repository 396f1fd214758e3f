"""Whether new images are still like those that a model was trained on, and how accurate the model is on them."""
