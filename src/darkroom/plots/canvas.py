"""Axes to draw on, and a style that lasts for one call. No other module imports matplotlib.

Blue and vermilion are from the palette of Okabe and Ito (2008): colour-blind readers can tell them apart, and both
are legible on white and on black. matplotlib's global state is never touched: there is no pyplot.
"""

import io
import math
import unicodedata
import warnings
from collections.abc import Mapping, Sequence

import matplotlib.style
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from darkroom.plots import svg
from darkroom.runtime.errors import printable

INK, BLUE, VERMILION = svg.INK, "#0072b2", "#d55e00"
TEXT = 11  # pixels
WIDE, NARROW = 700, 340  # pixels: a desktop, a phone
MAX_NAME = 18  # characters of a name in a figure; tables show it in full
HALO = Stroke(linewidth=12, alpha=0), Normal()  # invisible, but makes a thin mark easier to point at
TICK_WIDTH = 0.12  # fraction of an axis that the number at a tick occupies on a phone
LOG_RATIO = 20  # largest to smallest value; beyond it an axis is logarithmic

styled = matplotlib.style.context(
    [
        "default",
        {
            "figure.dpi": 72,  # a point is a pixel
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "svg.fonttype": "none",
            "svg.hashsalt": "darkroom",
            "text.parse_math": False,  # a class may be called $x$
            "font.sans-serif": ["DejaVu Sans"],
            "font.size": TEXT,
            "axes.titlesize": TEXT + 1,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "grid.alpha": 0.15,
            "legend.frameon": False,
            **{f"{part}.color": INK for part in ("text", "xtick", "ytick", "grid")},
            **{f"axes.{part}color": INK for part in ("edge", "label")},
        },
    ]
)


def panels(
    width: float, count: int, *, min_width: float, height: float, legend_height: float
) -> tuple[Figure, list[Axes]]:
    """Make `count` panels of at least `min_width` by `height` pixels, as many per row as fit into `width`.

    `legend_height` pixels above them are for the legend. More than two panels share their y axis.
    """
    rows = math.ceil(count / max(1, width // min_width))
    columns = math.ceil(count / rows)
    figure = Figure(figsize=(width / 72, (rows * height + legend_height) / 72), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False, sharey=count > 2).flat)
    for unused in axes[count:]:
        unused.set_axis_off()
    return figure, axes[:count]


def square(size: float, *, left: float, below: float) -> tuple[Figure, Axes]:
    """Make square axes, `size` pixels wide, with `left` and `below` pixels for the names beside and below them."""
    width, height = max(left + size, 240) + 12, below + size + 26
    figure = Figure(figsize=(width / 72, height / 72))
    return figure, figure.add_axes((left / width, below / height, size / width, size / height))


def legend(figure: Figure, axes: Axes, columns: int) -> None:
    """Draw a legend above the axes; lines with the same label share one entry."""
    handles, labels = axes.get_legend_handles_labels()
    entries = dict(zip(labels, handles, strict=True))
    figure.legend(entries.values(), entries.keys(), loc="outside upper right", ncols=columns)


def list_rows(axes: Axes, names: Sequence[str], xlabel: str, size: float = TEXT) -> None:
    """Label the rows of a horizontal chart with `names`, from the top, in letters of `size` pixels."""
    axes.set_yticks(range(len(names)), [shorten(name) for name in names], fontsize=size)
    axes.set(ylim=(len(names) - 0.5, -0.5), xlabel=xlabel)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def whole_numbers(axes: Axes) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def log_if_wide(axes: Axes, values: Sequence[float], axis: str = "y") -> None:
    """Make the `axis` ("x" or "y") logarithmic when `values`, without NaN, span a ratio of more than LOG_RATIO."""
    if values and min(values) > 0 and max(values) > LOG_RATIO * min(values):
        (axes.set_xscale if axis == "x" else axes.set_yscale)("log")
        scaled = axes.xaxis if axis == "x" else axes.yaxis
        scaled.set_major_locator(LogLocator(subs=(1, 2, 5)))
        scaled.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        scaled.set_minor_formatter(NullFormatter())


def log_ticks(axes: Axes, values: Sequence[float]) -> None:
    """Make the x axis logarithmic, with ticks at these ascending `values`, as many as have room for their number."""
    axes.set_xscale("log")
    min_ratio = (values[-1] / values[0]) ** TICK_WIDTH
    ticks: list[float] = []
    for value in reversed(values):
        if not ticks or ticks[-1] / value > min_ratio:
            ticks.append(value)
    axes.set_xticks(ticks, [f"{value:,}" for value in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.margins(x=0.06)


def tiles(axes: Axes, cells: Sequence[tuple[int, int]], fills: Sequence[tuple[str, float]]) -> None:
    """Draw unit squares at (column, row), each filled with its (colour, opacity)."""
    corners = [[(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)] for x, y in cells]
    faces = [colors.to_rgba(colour, opacity) for colour, opacity in fills]
    axes.add_collection(PolyCollection(corners, facecolors=faces, edgecolors="none"))


def mark(axes: Axes, x: float, y: float, label: str, *, low: bool) -> None:
    """Mark the best point with a dot and a vertical line, whose `label` stands at its `low` or its upper end."""
    axes.axvline(x, color=INK, alpha=0.35, lw=0.8)
    axes.plot([x], [y], "o", color=BLUE, ms=7)
    right = x > sum(axes.get_xlim()) / 2
    axes.annotate(label, (x, 0.03 if low else 0.97), xycoords=("data", "axes fraction"),
                  xytext=(-5 if right else 5, 0), textcoords="offset points",
                  ha="right" if right else "left", va="bottom" if low else "top")  # fmt: skip


def shorten(name: object) -> str:
    text = printable(name)
    return text if len(text) <= MAX_NAME else f"{text[: MAX_NAME // 2]}…{text[-MAX_NAME // 2 + 1 :]}"


def text_width(text: str) -> float:
    """Estimate the width of a text as a multiple of its font size: East Asian letters are square, others narrower."""
    return sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.62 for c in text)


def to_png(figure: Figure) -> bytes:
    """Return the figure as PNG, on white, with two pixels for each of its own: it is shown on a page of any colour."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)  # drawn as an empty box
        FigureCanvasAgg(figure)
        figure.savefig(buffer, format="png", dpi=144, facecolor="white", metadata={"Software": None})
    return buffer.getvalue()


def to_svg(figure: Figure, description: str, tooltips: Mapping[str, str] | None = None) -> str:
    """Return the figure as SVG text.

    `description` is for readers who cannot see it; `tooltips` maps the gid of an artist to its tooltip.
    """
    buffer = io.StringIO()
    with warnings.catch_warnings():
        # The reader's browser has the glyphs that our font for measuring lacks
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    return svg.for_page(buffer.getvalue(), description, tooltips or {})
