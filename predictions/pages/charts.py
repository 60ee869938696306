"""Charts as SVG on the server: this module computes marks and axes, ``partials/chart.svg`` renders them.

The stylesheet colours a chart by class, so that it follows the theme and prints. Each mark holds its value in words
(``data-tip``), which app.js shows on hover, on touch and by keyboard; a bar may be a link, and a table holds the same
values. Pure functions of texts and numbers, which the
caller formats.

- ``rows``: horizontal bars, one a row, the label above the bar so that long ones fit a phone.
- ``columns``: vertical bars of a histogram; segments stack.
- ``dots``: values with their intervals, one row a group, several series in each row.
- ``curves``: lines of points (x, y): trends, ROC, lift, calibration with its intervals and its diagonal.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, count, pairwise

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

WIDTH = 440  # of the drawing; the page scales it, and enlarges its texts on a phone
ROW = 50  # height of a row: its label and its bar
THICKNESS = 17  # of a horizontal bar
BASELINE = 6  # from a label down to its bar
TOP = 20  # above the plot, for the text of a reference line
BELOW = 22  # from the plot to the foot of the texts under it, which a phone enlarges
RIGHT = 14  # beside the plot, for the second half of the last text
LABEL, SERIES = 22, 13  # heights in a row of dots: of its label, of each of its series
CHARACTER = 7  # width reserved for one character of the vertical axis
TICKS = 6  # at most, on an axis


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as ``partials/chart.html`` shows it; ``legend`` pairs a class with its meaning."""

    title: str
    caption: str
    svg: str
    columns: list[str]
    rows: list[list[str]]
    legend: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: its length, the same in words, its class (``low``, ``raising``…), where a click leads."""

    value: float
    text: str
    tone: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of one segment or several, as many as the others have. ``cells`` are further cells of its table row.

    One whose value is withheld takes its whole column, so that it reads as nothing shown and not as nothing there.
    """

    label: str
    segments: Sequence[Segment]
    cells: Sequence[str] = ()
    is_withheld: bool = False

    @property
    def value(self) -> float:
        return sum(segment.value for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a curve, its two coordinates in words, and the interval around ``y`` where one is known."""

    x: float
    y: float
    label: str
    text: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A named line of points; a dashed one is a reference, drawn without marks and left out of the table.

    Without ``has_line`` only its marks are drawn: points that nothing is known between.
    """

    name: str
    points: Sequence[Point]
    is_dashed: bool = False
    has_marks: bool = True
    has_line: bool = True


# The drawing. Coordinates count from the upper left corner of the plot; they are texts, which no language formats.


@dataclass(frozen=True, slots=True)
class Text:
    classes: str
    x: str
    y: str
    text: str


@dataclass(frozen=True, slots=True)
class Rectangle:
    x: str
    y: str
    width: str
    height: str
    classes: str
    title: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Dot:
    x: str
    y: str
    title: str


@dataclass(frozen=True, slots=True)
class Series:
    """The marks of one class: a line, intervals and dots. Lines are path data, in the syntax of SVG."""

    classes: str
    line: str = ""
    intervals: Sequence[str] = ()
    dots: Sequence[Dot] = ()


@dataclass(slots=True)
class Drawing:
    """A plot of ``width`` by ``height`` with its axes and marks; ``left`` and ``bottom`` are the room of the axes."""

    width: float
    height: float
    left: float = 0
    bottom: float = 0
    top: float = TOP
    guides: list[Text] = field(default_factory=list)
    ticks: list[Text] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    bars: list[Rectangle] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    reference: str = ""
    grid: str = ""  # lines up from the ticks

    @property
    def total_height(self) -> float:
        return self.top + self.height + self.bottom

    @property
    def has_links(self) -> bool:
        return any(bar.href for bar in self.bars)

    def svg(self, title: str, caption: str) -> str:
        # Screen readers pass over what is inside an image: a drawing with links is a group.
        context = {
            "drawing": self,
            "role": "group" if self.has_links else "img",
            "name": f"{title}. {caption}" if caption else title,
            "has_marks": not self.has_links,  # links are reached one by one, other marks by arrows
            "view_box": f"0 0 {WIDTH} {self.total_height:g}",
            "origin": f"{self.left:g} {self.top:g}",
            "size": (f"{self.width:g}", f"{self.height:g}"),
        }
        return render_to_string("partials/chart.svg", context)


class Scale:
    """Maps values from ``low`` to ``high`` onto pixels from ``start`` to ``end``."""

    def __init__(self, low: float, high: float, start: float, end: float):
        self.low, self.high = low, high
        self._start, self._slope = start, (end - start) / ((high - low) or 1)

    def __call__(self, value: float) -> str:
        return _pixels(self._start + (value - self.low) * self._slope)


def rows(
    *,
    title: str,
    columns: Sequence[str],
    bars: Sequence[Bar],
    caption: str = "",
    maximum: float | None = None,
) -> Chart:
    """Horizontal bars of one segment, one at least, the first on top, each with its label and its value above it.

    ``columns`` are the table's headings: of the labels, of the values, of the further cells. ``maximum`` is the value
    whose bar would fill the width, the longest bar by default.
    """
    drawing = Drawing(WIDTH, ROW * len(bars), top=0)
    length = Scale(0, maximum or max(bar.value for bar in bars) or 1, 0, WIDTH)
    for place, bar in enumerate(bars):
        (segment,) = bar.segments
        top = (place + 1) * ROW - THICKNESS - BASELINE
        name = _named(bar.label, segment.text)
        drawing.bars.append(_rectangle(0, top, length(segment.value), f"{THICKNESS}", segment, name))
        drawing.texts += [
            Text("label", "0", _pixels(top - BASELINE), bar.label),
            Text("value", f"{WIDTH}", _pixels(top - BASELINE), segment.text),
        ]
    return Chart(title, caption, drawing.svg(title, caption), list(columns), _bar_table(bars), [])


def columns(
    *,
    title: str,
    columns: Sequence[str],
    bars: Sequence[Bar],
    names: Sequence[str],
    axis: Callable[[float], str],
    ticks: Sequence[tuple[float, str]],
    x_title: str = "",
    line: tuple[float, str] | None = None,
    caption: str = "",
) -> Chart:
    """Vertical bars from left to right, one at least; ``names`` of their segments make a legend.

    ``columns`` are the table's headings: of the labels, of each segment. ``axis`` words a value of the scale. ``ticks``
    are places on the horizontal axis and their texts, counted in columns: 0 is the left edge of the first one.
    ``line`` is such a place too, marked by a dashed line. Further headings are those of the bars' further cells.
    """
    drawing, y = _plot(0, max(bar.value for bar in bars) or 1, axis, height=204)
    x = Scale(0, len(bars), 0, drawing.width)
    slot = drawing.width / len(bars)
    for place, bar in enumerate(bars):
        if bar.is_withheld:
            named, (left, width) = _named(bar.label, bar.segments[0].text), ((place + 0.1) * slot, _pixels(0.8 * slot))
            drawing.bars.append(Rectangle(_pixels(left), "0", width, f"{drawing.height:g}", "rect is-withheld", named))
            drawing.texts.append(Text("tick", x(place + 0.5), _pixels(drawing.height / 2), "–"))
            continue
        heights = [segment.value * drawing.height / y.high for segment in bar.segments]
        tops = [drawing.height - reached for reached in accumulate(heights)]
        for segment, name, top, height in zip(bar.segments, names, tops, heights, strict=True):
            named = _named(f"{bar.label}, {name}", segment.text)
            drawing.bars.append(
                _rectangle((place + 0.02) * slot, top, _pixels(0.96 * slot), _pixels(height), segment, named)
            )
    drawing.ticks = [_tick(x(place), text, drawing) for place, text in ticks]
    _name_horizontal_axis(drawing, x_title)
    if line:
        drawing.reference = f"M{x(line[0])} 0 v{drawing.height:g}"
        drawing.texts.append(Text("tick", x(line[0]), "-6", line[1]))
    legend = [(f"is-{segment.tone}", name) for segment, name in zip(bars[0].segments, names, strict=True)]
    if any(bar.is_withheld for bar in bars):
        legend.append(("is-withheld", _("Not shown: fewer than five, or to protect such a group")))
    return Chart(title, caption, drawing.svg(title, caption), list(columns), _bar_table(bars), legend)


def dots(
    *,
    title: str,
    columns: Sequence[str],
    rows: Sequence[str],
    lines: Sequence[Line],
    axis: Callable[[float], str],
    caption: str = "",
    reference: tuple[float, str] | None = None,
) -> Chart:
    """Values from 0 up with their intervals, below the labels of their rows; ``x`` of a point is the index of its row.

    ``columns`` are the table's headings: that of the labels and that of the values; several series have a column each,
    under their names. ``reference`` is a value marked by a dashed line, and its name.
    """
    row = LABEL + SERIES * len(lines)
    drawing = Drawing(WIDTH - 2 * RIGHT, row * len(rows), left=RIGHT, bottom=BELOW + 8, top=TOP if reference else 0)
    high = max(1, *(value for line in lines for point in line.points for value in _heights(point)))
    x = Scale(0, _round_up(0, high), 0, drawing.width)
    drawing.ticks = [_tick(x(value), text, drawing) for value, text in _worded(0, x.high, axis)]
    drawing.grid = " ".join(f"M{tick.x} 0 v{drawing.height:g}" for tick in drawing.ticks)
    drawing.texts = [Text("label", "0", _pixels(place * row + LABEL - 4), label) for place, label in enumerate(rows)]
    for place, (colour, line) in enumerate(zip(_colours(lines), lines, strict=True)):
        heights = [_pixels(point.x * row + LABEL + (place + 0.5) * SERIES) for point in line.points]
        drawing.series += [
            Series(
                f"{colour} is-interval",
                intervals=[
                    f"M{x(point.low)} {y} L{x(point.high)} {y}"
                    for point, y in zip(line.points, heights, strict=True)
                    if point.low is not None and point.high is not None
                ],
            ),
            Series(
                colour,
                dots=[
                    Dot(x(point.y), y, _named(f"{point.label}, {line.name}", point.text))
                    for point, y in zip(line.points, heights, strict=True)
                ],
            ),
        ]
    if reference:
        drawing.reference = f"M{x(reference[0])} 0 v{drawing.height:g}"
        drawing.texts.append(Text("tick", x(reference[0]), "-6", reference[1]))
    legend = [(colour, line.name) for colour, line in zip(_colours(lines), lines, strict=True)]
    texts = [{point.x: point.text for point in line.points} for line in lines]
    table = [[label, *(of_line.get(place, "–") for of_line in texts)] for place, label in enumerate(rows)]
    headings = list(columns) if len(lines) == 1 else [columns[0], *(line.name for line in lines)]
    return Chart(title, caption, drawing.svg(title, caption), headings, table, legend)


def curves(
    *,
    title: str,
    columns: Sequence[str],
    curves: Sequence[Line],
    x_axis: Callable[[float], str],
    y_axis: Callable[[float], str],
    caption: str = "",
    x_title: str = "",
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    ticks: Sequence[tuple[float, str]] | None = None,
) -> Chart:
    """Lines through points. ``ticks`` replace the places that are named on the horizontal axis.

    ``columns`` are the table's headings: of x and of y, before them of the curve's name where there are several curves;
    of x alone where several have their points at the same places, to stand side by side under their names.
    """
    y_low, y_high = y_range or _range((y for curve in curves for point in curve.points for y in _heights(point)), 0)
    x_low, x_high = x_range or _range(point.x for curve in curves for point in curve.points)
    drawing, y = _plot(y_low, y_high, y_axis, height=214, is_open=y_range is None)
    x = Scale(x_low, x_high, 0, drawing.width)
    if ticks is None:
        ticks = _worded(x_low, x_high, x_axis)
        drawing.ticks = [_tick(x(value), text, drawing) for value, text in ticks]
    else:
        *others, (_, last) = ticks
        drawing.ticks = [_tick(x(value), text, drawing) for value, text in others]
        # A date in the middle of the last place would stick out of its panel.
        drawing.ticks.append(_tick(f"{drawing.width:g}", last, drawing, "is-last"))
    _name_horizontal_axis(drawing, x_title)
    named = list(zip(_colours(curves), curves, strict=True))
    for colour, curve in named:
        drawing.series += _series(curve, colour, x, y, is_named=len(curves) > 1)
    legend = [(colour, curve.name) for colour, curve in named] if len(curves) > 1 else []
    headings, texts = _curve_table(columns, [curve for curve in curves if not curve.is_dashed])
    return Chart(title, caption, drawing.svg(title, caption), list(headings), texts, legend)


def _series(curve: Line, colour: str, x: Scale, y: Scale, *, is_named: bool) -> list[Series]:
    """A curve's line and dots, then its intervals."""
    ends = [f"{x(point.x)} {y(point.y)}" for point in curve.points]
    dots = []
    if curve.has_marks and not curve.is_dashed:
        prefix = f"{curve.name}, " if is_named else ""
        dots = [Dot(x(point.x), y(point.y), _named(prefix + point.label, point.text)) for point in curve.points]
    drawn = [Series(colour, line=f"M{' L'.join(ends)}" if curve.has_line else "", dots=dots)]
    intervals = [
        f"M{x(point.x)} {y(point.low)} L{x(point.x)} {y(point.high)}"
        for point in curve.points
        if point.low is not None and point.high is not None
    ]
    return [*drawn, Series(f"{colour} is-interval", intervals=intervals)] if intervals else drawn


def _curve_table(columns: Sequence[str], curves: Sequence[Line]) -> tuple[Sequence[str], list[list[str]]]:
    """The headings and the rows, one a point, or one a place where all curves have the same."""
    if len(columns) == 1:
        rows = zip(*(curve.points for curve in curves), strict=True)
        texts = [[points[0].label, *(point.text for point in points)] for points in rows]
        return [*columns, *(curve.name for curve in curves)], texts
    texts = [[curve.name, point.label, point.text] for curve in curves for point in curve.points]
    return columns, [text[-len(columns) :] for text in texts]


def _bar_table(bars: Sequence[Bar]) -> list[list[str]]:
    return [[bar.label, *(segment.text for segment in bar.segments), *bar.cells] for bar in bars]


def _colours(curves: Sequence[Line]) -> list[str]:
    """The class of each curve: references share one, the others are numbered."""
    numbers = count()
    return ["is-dashed" if curve.is_dashed else f"color-{next(numbers)}" for curve in curves]


def _plot(
    low: float, high: float, axis: Callable[[float], str], *, height: float, is_open: bool = True
) -> tuple[Drawing, Scale]:
    """An empty plot and its vertical scale; an open one ends with a round value."""
    if is_open:
        high = _round_up(low, high)
    worded = _worded(low, high, axis)
    left = max(len(text) for _value, text in worded) * CHARACTER + 8
    drawing = Drawing(WIDTH - left - RIGHT, height, left=left, bottom=BELOW + 8)
    y = Scale(low, high, height, 0)
    drawing.guides = [Text("", "-6", y(value), text) for value, text in worded]
    return drawing, y


def _name_horizontal_axis(drawing: Drawing, title: str) -> None:
    if title:
        drawing.texts.append(Text("tick", _pixels(drawing.width / 2), _pixels(drawing.height + BELOW + 20), title))
        drawing.bottom = BELOW + 28


def _tick(x: str, text: str, drawing: Drawing, classes: str = "tick") -> Text:
    return Text(classes, x, _pixels(drawing.height + BELOW), text)


def _named(name: str, value: str) -> str:
    return _("%(name)s: %(value)s") % {"name": name, "value": value}


def _rectangle(x: float, y: float, width: str, height: str, segment: Segment, title: str) -> Rectangle:
    return Rectangle(_pixels(x), _pixels(y), width, height, f"rect is-{segment.tone}", title, segment.href)


def _heights(point: Point) -> Iterable[float]:
    return (value for value in (point.y, point.low, point.high) if value is not None)


def _range(values: Iterable[float], *others: float) -> tuple[float, float]:
    """From the least to the greatest value, some other values included."""
    found = [*values, *others]
    return min(found), max(found)


def _worded(low: float, high: float, axis: Callable[[float], str]) -> list[tuple[float, str]]:
    """The round values within a range and their texts, without one that reads as the value before it."""
    step = _step(low, high)
    places = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    worded = [(place * step, axis(place * step)) for place in places]
    return worded[:1] + [this for before, this in pairwise(worded) if this[1] != before[1]]


def _round_up(low: float, high: float) -> float:
    """The tick at the greatest value or after it, where an axis ends."""
    step = _step(low, high)
    return math.ceil(high / step - 1e-9) * step


def _step(low: float, high: float) -> float:
    """The least of 1, 2 and 5 times a power of ten that leaves at most ``TICKS`` values within a range."""
    width = (high - low) or 1
    power = 10.0 ** math.floor(math.log10(width / TICKS))
    steps = (factor * power for factor in (1, 2, 5, 10, 20, 50))
    return next(step for step in steps if math.floor(width / step + 1e-9) < TICKS)


def _pixels(value: float) -> str:
    return f"{value:.2f}"
