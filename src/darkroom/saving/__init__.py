"""A trained model as a folder: the names of its files, what they hold, how they are written."""
