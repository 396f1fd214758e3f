"""Which images are worth a label, and files that labelling tools read and write."""
