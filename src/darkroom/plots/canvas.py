"""Something to draw on, and a style that lasts one call. The one door to matplotlib.

Blue and vermilion are those of Okabe and Ito (2008): told apart by colour-blind eyes, dark enough for white
paper and bright enough for a black screen. The global state of matplotlib is never touched: no pyplot.
"""

import io
import math
import unicodedata
import warnings
from collections.abc import Mapping, Sequence

import matplotlib.style
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from darkroom.plots import svg
from darkroom.runtime.errors import printable

INK, BLUE, VERMILION = svg.INK, "#0072b2", "#d55e00"
TEXT = 11  # pixels
WIDE, NARROW = 700, 340  # pixels: a desk, a phone
LONGEST = 18  # characters of a name in a figure; tables have the whole
HALO = Stroke(linewidth=12, alpha=0), Normal()  # nothing to see, but easier to point at
ROOM = 0.12  # share of an axis that the number at a tick takes on a phone
SPAN = 20  # largest to smallest; beyond it an axis is better logarithmic

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


def panels(width: float, count: int, *, least: float, height: float, above: float) -> tuple[Figure, list[Axes]]:
    """`count` panels of at least `least` by `height` pixels, as many beside each other as fit into `width`.

    `above` pixels are for the legend. The y axis is shared when the panels are small ones.
    """
    rows = math.ceil(count / max(1, width // least))
    columns = math.ceil(count / rows)
    figure = Figure(figsize=(width / 72, (rows * height + above) / 72), layout="constrained")
    found = list(figure.subplots(rows, columns, squeeze=False, sharey=count > 2).flat)
    for axes in found[count:]:
        axes.set_axis_off()
    return figure, found[:count]


def square(side: float, *, left: float, below: float) -> tuple[Figure, Axes]:
    """Axes of `side` pixels squared, with this much room for the names beside and below."""
    width, height = max(left + side, 240) + 12, below + side + 26
    figure = Figure(figsize=(width / 72, height / 72))
    return figure, figure.add_axes((left / width, below / height, side / width, side / height))


def legend(figure: Figure, axes: Axes, columns: int) -> None:
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper right", ncols=columns)


def whole_numbers(axes: Axes) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def widen(axes: Axes, values: Sequence[float], *, across: bool = False) -> None:
    """Make the y axis (or x) logarithmic when the values, without NaN, span more than SPAN times the smallest."""
    if values and min(values) > 0 and max(values) > SPAN * min(values):
        (axes.set_xscale if across else axes.set_yscale)("log")
        axis = axes.xaxis if across else axes.yaxis
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def logarithmic(axes: Axes, values: Sequence[float]) -> None:
    """Make the x axis logarithmic, with ticks at these ascending `values` as far as there is room for them."""
    axes.set_xscale("log")
    apart = (values[-1] / values[0]) ** ROOM
    told: list[float] = []
    for value in reversed(values):
        if not told or told[-1] / value > apart:
            told.append(value)
    axes.set_xticks(told, [f"{value:,}" for value in told])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.margins(x=0.06)


def tiles(axes: Axes, places: Sequence[tuple[int, int]], paints: Sequence[tuple[str, float]]) -> None:
    """Unit squares at (column, row), each in a colour and an opacity."""
    corners = [[(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)] for x, y in places]
    faces = [colors.to_rgba(colour, opacity) for colour, opacity in paints]
    axes.add_collection(PolyCollection(corners, facecolors=faces, edgecolors="none"))


def mark(axes: Axes, x: float, y: float, told: str, *, low: bool) -> None:
    """A dot and a line at the best; its label at the end of the line that a good curve leaves free."""
    axes.axvline(x, color=INK, alpha=0.35, lw=0.8)
    axes.plot([x], [y], "o", color=BLUE, ms=7)
    right = x > sum(axes.get_xlim()) / 2
    axes.annotate(told, (x, 0.03 if low else 0.97), xycoords=("data", "axes fraction"),
                  xytext=(-5 if right else 5, 0), textcoords="offset points",
                  ha="right" if right else "left", va="bottom" if low else "top")  # fmt: skip


def shortened(name: object) -> str:
    text = printable(name)
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 + 1 :]}"


def width(text: str) -> float:
    """Of a text in its own size: letters of East Asia are square, others narrower."""
    return sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.62 for c in text)


def text_of(figure: Figure, description: str, told: Mapping[str, str] | None = None) -> str:
    """The figure as SVG text; `description` is for those who cannot see it, `told` what its artists say, by gid."""
    drawn = io.StringIO()
    with warnings.catch_warnings():
        # The viewer has the letters that our measuring font lacks
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        FigureCanvasSVG(figure).print_svg(drawn, metadata={"Date": None})
    return svg.presentable(drawn.getvalue(), description, told or {})
