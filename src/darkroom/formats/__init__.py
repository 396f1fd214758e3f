"""The text formats of data sets: file and folder names, label tables, annotation files."""
