"""What archives and folders say in words: names, label tables, annotation files."""
