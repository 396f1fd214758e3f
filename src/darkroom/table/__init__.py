"""Large tables, held as columns in a file, and sequences whose items are made when they are asked for."""
