"""Unpack an archive, safely."""
