"""The files of a data set in a few tar shards, which any tool reads, and an inventory to read single files by."""
