"""Unpack an archive of images, safely."""
