"""What was spent as a figure of matplotlib, drawn without pyplot: no backend is chosen, nothing is left over.

The ground is transparent and every ink lies halfway between black and white, so that light and dark themes show it.
Groups differ by ink, by hatch and by marker, so that nobody needs colours to tell them apart.
"""

from __future__ import annotations

import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from itertools import pairwise
from math import ceil
from typing import Any, NamedTuple

from ipy_sessions.errors import SessionsError
from ipy_sessions.plotting.shape import Shape, Sums, after
from ipy_sessions.plotting.text import notes, stamp
from ipy_sessions.render.tree.caption import cut

MISSING = "A picture needs matplotlib: `pip install 'ipy_sessions[plot]'`."
WIDE, HIGH = 7.8, 5.4  # inches
DOTS = 144  # an inch, of a picture that is made of dots
LONGEST_SVG = 100_000  # bytes; what has more is shown by its dots
TITLE = 26  # letters of a group's name
INK = "#797979"
TICKS = 4  # dates below an axis
FEWEST = 8  # steps of time for which there is room at least, so that a single bar is none as wide as the picture

STYLE: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "font.family": ["sans-serif"],
    "font.size": 9,
    "hatch.linewidth": 1.0,
    "svg.fonttype": "none",  # the reader's letters, and a third of the bytes
    "svg.hashsalt": "ipy_sessions",  # the same figure is the same text
    "text.color": INK,
    "text.parse_math": False,  # a title may have dollars
    "xtick.color": INK,
    "ytick.color": INK,
}


class Look(NamedTuple):
    """How a group looks: the ink, the hatch of its bars and the marker on its lines."""

    ink: str
    hatch: str
    marker: str


LOOKS = (
    Look("#2583d8", "", "o"),
    Look("#d55e00", "////", "s"),
    Look("#00916a", "++++", "^"),
    Look("#c45a99", "\\\\\\\\", "D"),
    Look("#a67c00", "xxxx", "v"),
    Look("#7d7d7d", "----", "P"),
)
"""One for each group; the last is that of the others."""


@contextmanager
def _styled() -> Iterator[None]:
    """Draw in our style; letters that the font has not are drawn as boxes, without a word."""
    try:
        from matplotlib import rc_context
    except ImportError:
        raise SessionsError(MISSING) from None
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .*missing")
        yield


def figure(shape: Shape) -> Any:
    """Return the figure: cost and tokens over time, the share of the cache, and how long answers took.

    Raises
    ------
    SessionsError
        When matplotlib is not installed.
    """
    with _styled():
        from matplotlib.figure import Figure

        made = Figure(figsize=(WIDE, HIGH), layout="constrained", facecolor="none")
        (costs, tokens), (shares, latencies) = made.subplots(2, 2)
        per = f"per {shape.step} (UTC)"
        _stacked(costs, shape, lambda sums: sums.known_cost_usd, f"cost {per}, US dollars")
        _stacked(tokens, shape, lambda sums: sums.tokens, f"tokens {per}")
        _shares(shares, shape)
        _latencies(latencies, shape)
        _marked_unpriced(costs, shape)
        _legend(made, shape)
        if said := " ".join(notes(shape)):
            sign = "?  " if costs.texts else ""
            made.supxlabel(f"{sign}{said}", fontsize=8, ha="left", x=0.01)
    return made


def picture(made: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a figure by its MIME type, and what is known of it: SVG, or dots where that is shorter."""
    with _styled():
        svg = _saved(made, format="svg", metadata={"Date": None})
        if len(svg) <= LONGEST_SVG:
            return {"image/svg+xml": svg.decode()}, {}
        png = _saved(made, format="png", dpi=DOTS)
    wide, high = (round(inches * 96) for inches in made.get_size_inches())
    return {"image/png": b64encode(png).decode()}, {"image/png": {"width": wide, "height": high}}


def _saved(made: Any, **options: Any) -> bytes:
    file = BytesIO()
    made.savefig(file, facecolor="none", **options)
    return file.getvalue()


def _stacked(axes: Any, shape: Shape, value: Callable[[Sums], float | None], title: str) -> None:
    """Draw a bar a step, the groups one upon the other."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_title(title)
    known = [amount for sums in shape.cells.values() if (amount := value(sums)) is not None]
    if not any(known):
        _said(axes, "none" if known else "none is known")
        return
    lefts, widths = _spans(shape)
    floor = [0.0] * len(lefts)
    for group in range(len(shape.groups)):
        heights = [value(shape.cells.get((place, group), Sums())) or 0.0 for place in range(len(lefts))]
        seen = [place for place, height in enumerate(heights) if height]
        look = look_of(shape, group)
        axes.bar(
            [lefts[place] for place in seen],
            [heights[place] for place in seen],
            [widths[place] * 0.84 for place in seen],
            [floor[place] for place in seen],
            align="edge",
            **_filled(look),
        )
        floor = [low + height for low, height in zip(floor, heights, strict=True)]
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(_short))
    _timed(axes, shape)


def _shares(axes: Any, shape: Shape) -> None:
    """Draw which part of the tokens that were sent came from the cache, a line a group."""
    from matplotlib.ticker import PercentFormatter

    axes.set_title("read from the cache, of all tokens sent")
    if all(sums.cache_share is None for sums in shape.cells.values()):
        _said(axes, "none is known")
        return
    lefts, widths = _spans(shape)
    for group in range(len(shape.groups)):
        points = [
            (lefts[place] + widths[place] * 0.42, share)
            for place in range(len(lefts))
            if (share := shape.cells.get((place, group), Sums()).cache_share) is not None
        ]
        look = look_of(shape, group)
        axes.plot(*zip(*points, strict=True), color=look.ink, marker=look.marker, ms=4, lw=0.8) if points else None
    axes.set_ylim(0, 1.04)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    _timed(axes, shape)


def _latencies(axes: Any, shape: Shape) -> None:
    """Draw how long the answers of each group took: the median, and a line to what nine of ten took at most."""
    axes.set_title("latency (s): median to 90%")
    if not any(shape.latencies):
        _said(axes, "none is known")
        return
    known = [(group, latency) for group, latency in enumerate(shape.latencies) if latency is not None]
    for row, (group, latency) in enumerate(known):
        look = look_of(shape, group)
        axes.plot([latency.median, latency.most], [row, row], color=look.ink, lw=2)
        axes.plot([latency.most], [row], color=look.ink, marker="|", ms=9, mew=2)
        axes.plot([latency.median], [row], color=look.ink, marker=look.marker, ms=7)
    axes.set_yticks(range(len(known)), [cut(shape.groups[group], TITLE) for group, _ in known])
    axes.set_ylim(max(len(known), 3) - 0.5, -0.5)
    axes.set_xlim(left=0)


def _marked_unpriced(axes: Any, shape: Shape) -> None:
    """Put a question mark above each step in which a price is not known."""
    if not axes.patches:
        return
    lefts, widths = _spans(shape)
    for place in range(len(lefts)):
        sums = shape.at(place)
        if sums.unpriced:
            at = (lefts[place] + widths[place] * 0.42, sums.known_cost_usd or 0)
            axes.annotate("?", at, (0, 1), textcoords="offset points", ha="center", fontsize=7)
    axes.margins(y=0.12)


def look_of(shape: Shape, group: int) -> Look:
    """Return how a group looks."""
    others = len(shape.groups) == len(LOOKS) and group == len(LOOKS) - 1
    return LOOKS[-1] if others else LOOKS[group]


def _filled(look: Look) -> dict[str, Any]:
    """Return how its bars are filled; below a hatch is nothing: SVG's would be as transparent as what lies below it."""
    return {"facecolor": "none" if look.hatch else look.ink, "edgecolor": look.ink, "hatch": look.hatch}


def _legend(made: Any, shape: Shape) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    looks = [look_of(shape, group) for group in range(len(shape.groups))]
    signs = [
        (Patch(linewidth=1, **_filled(look)), Line2D([], [], color=look.ink, marker=look.marker, ms=5, lw=0))
        for look in looks
    ]
    made.legend(
        signs,
        [cut(name, TITLE) for name in shape.groups],
        handler_map={tuple: _side_by_side()},
        loc="outside upper left",
        ncols=3,
        frameon=False,
    )


def _side_by_side() -> Any:
    from matplotlib.legend_handler import HandlerTuple

    return HandlerTuple(ndivide=None, pad=0.4)


def _spans(shape: Shape) -> tuple[Sequence[float], Sequence[float]]:
    """Return where each step begins on the axis of time, and how wide it is there, in days."""
    from matplotlib.dates import date2num

    edges = [*shape.starts, *([after(shape.starts[-1], shape.step)] if shape.starts else [])]
    numbers = [float(number) for number in date2num(edges)]
    return numbers[:-1], [end - begin for begin, end in pairwise(numbers)]


def _timed(axes: Any, shape: Shape) -> None:
    lefts, widths = _spans(shape)
    end = lefts[-1] + widths[-1]
    spare = max(0.0, FEWEST - len(lefts)) * widths[-1] / 2
    axes.set_xlim(lefts[0] - spare - widths[0] * 0.2, end + spare)
    every = ceil(max(len(lefts), FEWEST) / TICKS)
    shown = range(0, len(lefts), every)
    axes.set_xticks([lefts[place] + widths[place] * 0.42 for place in shown])
    axes.set_xticklabels([_short_stamp(shape.starts[place], shape) for place in shown])


def _short_stamp(start: datetime, shape: Shape) -> str:
    told = stamp(start, shape.step)
    if shape.step in ("day", "week") and start.year == shape.starts[0].year and start != shape.starts[0]:
        return told[5:]
    if shape.step == "hour":
        return told[5:] if start.date() != shape.starts[0].date() or start == shape.starts[0] else told[11:]
    return told


def _said(axes: Any, sentence: str) -> None:
    axes.text(0.5, 0.5, sentence, transform=axes.transAxes, ha="center", va="center", style="italic")
    axes.set_xticks([])
    axes.set_yticks([])


def _short(value: float, _: object) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
