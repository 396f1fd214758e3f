"""From an archive to arrays: what a picture is, which ones there are, and who may see them."""
