"""Draw images beside each other, each with a caption, as one PNG."""

from collections.abc import Sequence

import numpy as np

from darkroom.plots import canvas

COLUMNS, TILE = 6, 110  # images per row, and the pixels of each with its margin


@canvas.styled
def draw(images: Sequence[np.ndarray], captions: Sequence[str]) -> bytes:
    """PNG of `images`, uint8 `(h, w, 1)` or `(h, w, 3)`, at least one, with a caption above each."""
    columns = min(COLUMNS, len(images))
    figure, panels = canvas.panels(columns * TILE, len(images), min_width=TILE, height=TILE + 18, legend_height=0)
    for axes, image, caption in zip(panels, images, captions, strict=True):
        axes.imshow(np.broadcast_to(image, (*image.shape[:2], 3)), interpolation="nearest")
        axes.set_axis_off()
        axes.set_title(caption, fontsize=canvas.TEXT - 2, fontweight="normal", loc="center", wrap=True)
    return canvas.to_png(figure)
