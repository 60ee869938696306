"""Charts drawn on the server: pygal places marks and axes, and nothing of it needs a script or an inline style.

A chart is SVG that ``app.css`` colours by class, so that it follows the theme and prints; each mark says its value on
hover (``<title>``), a bar may be a link; the same values come as a table. Pure functions of texts and numbers: whoever
calls them words and formats. About 3 ms a chart.

- ``rows``: horizontal bars, one a row, the label above the bar so that long ones fit a phone.
- ``columns``: vertical bars of a histogram; segments stack.
- ``curves``: lines of points (x, y): trends, ROC, lift, calibration with its intervals and its diagonal.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from xml.etree import ElementTree

import pygal
from django.utils.safestring import SafeString, mark_safe
from pygal.style import Style

WIDTH = 440  # of the drawing; the page scales it, and enlarges its texts on a phone
ROW = 50  # height of a row: its label and its bar
_GAP = 0.34  # share of a row or a column left free on either side of its bar
_BASELINE = 6  # from a label down to its bar
# pygal only uses these to reserve room for texts: what they look like is the stylesheet's.
_STYLE = Style(label_font_size=13, title_font_size=13)
_SHAPES = ("rect", "circle")
_PLOT_MARGIN = 0.02 / 1.04  # share of its width that pygal leaves free on either side of the plot


@dataclass(frozen=True, slots=True)
class Chart:
    """What ``partials/chart.html`` shows; ``legend`` pairs a class with what it stands for."""

    title: str
    caption: str
    svg: SafeString
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
    """A bar of one segment or several, as many as the others have. ``cells`` are further cells of its table row."""

    label: str
    segments: Sequence[Segment]
    cells: Sequence[str] = ()


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
class Curve:
    """A named line of points; a dashed one is a reference, drawn without marks and left out of the table.

    Without ``has_line`` only its marks are drawn: points that nothing is known between.
    """

    name: str
    points: Sequence[Point]
    is_dashed: bool = False
    has_marks: bool = True
    has_line: bool = True


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
    bottom_up = bars[::-1]
    chart = _Rows(
        **_options(
            height=ROW * len(bars) + 12,
            range=(0, maximum or max(map(_end, bars)) or 1),
            show_y_labels=False,
            show_x_labels=False,
            show_y_guides=False,
            value_formatter=str,
        )
    )
    tree, groups = _draw_bars(chart, bottom_up)
    plot, width, _height = _plot(tree)
    left, right = float(width) * _PLOT_MARGIN, float(width) * (1 - _PLOT_MARGIN)
    for bar, (shape,) in zip(bottom_up, groups, strict=True):
        baseline = str(float(shape.get("y", 0)) - _BASELINE)
        _text(plot, "label", bar.label, x=f"{left:.2f}", y=baseline)
        _text(plot, "value", bar.segments[0].text, x=f"{right:.2f}", y=baseline)
    return _chart(tree, title, caption, columns, _table(bars), [])


def columns(
    *,
    title: str,
    columns: Sequence[str],
    bars: Sequence[Bar],
    names: Sequence[str],
    axis: Callable[[float], str],
    ticks: Sequence[tuple[float, str]],
    x_title: str,
    line: tuple[float, str],
    caption: str = "",
) -> Chart:
    """Vertical bars from left to right, one at least; ``names`` of their segments make a legend.

    ``columns`` are the table's headings: of the labels, of each segment. ``axis`` words a value of the scale. ``ticks``
    are places on the horizontal axis and their texts, counted in columns: 0 is the left edge of the first one.
    ``line`` is such a place too, marked by a dashed line.
    """
    chart = _Bins(
        **_options(
            height=270,
            margin_bottom=46,
            range=(0, max(map(_end, bars)) or 1),
            show_x_labels=False,
            value_formatter=axis,
        )
    )
    tree, groups = _draw_bars(chart, bars, names)
    plot, right, floor = _plot(tree)
    left, width = _slot(groups, chart)
    for place, text in ticks:
        _text(plot, "tick", text, x=f"{left + place * width:.2f}", y=str(float(floor) + 18))
    _text(plot, "tick", x_title, x=str(float(right) / 2), y=str(float(floor) + 38))
    place, text = line
    x = f"{left + place * width:.2f}"
    ElementTree.SubElement(plot, "path", {"class": "reference", "d": f"M{x} 0 v{floor}"})
    _text(plot, "tick", text, x=x, y="-6")
    return _chart(tree, title, caption, columns, _table(bars), _legend(bars, names))


def curves(
    *,
    title: str,
    columns: Sequence[str],
    curves: Sequence[Curve],
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
    chart = pygal.XY(
        **_options(
            height=280,
            x_title=x_title,
            xrange=x_range,
            range=y_range,
            include_x_axis=y_range is None,
            value_formatter=y_axis,
            x_value_formatter=x_axis,
            x_labels=[{"value": value, "label": label} for value, label in ticks] if ticks else None,
        )
    )
    colours = _colours(curves)
    drawn = []  # of each series of the drawing: its class, its curve and the points that have a mark
    for curve, colour in zip(curves, colours, strict=True):
        marks = curve.points if curve.has_marks and not curve.is_dashed else ()
        places = [(point.x, point.y) for point in curve.points]
        chart.add(curve.name, places, stroke=curve.has_line, show_dots=bool(marks), dots_size=4)
        drawn.append((colour, curve, marks))
        if intervals := [(point.x, y) for point in curve.points if point.low is not None for y in _whisker(point)]:
            chart.add("", intervals, show_dots=False, allow_interruptions=True)
            drawn.append((f"{colour} is-interval", curve, ()))
    tree = chart.render_tree()
    for place, (classes, curve, marks) in enumerate(drawn):
        groups = _series(tree, place)
        dots = [dot for group in groups for dot in group.findall("g[@class='dots']")]
        for dot, point in zip(dots, marks, strict=True):
            name = f"{point.label}: {point.text}"
            _dress(dot, f"{curve.name}, {name}" if len(curves) > 1 else name, "dot")
        for group in groups:
            group.set("class", f"series {classes}")
    if ticks:
        _end_within_the_plot(tree)
    legend = [(colour, curve.name) for curve, colour in zip(curves, colours, strict=True)] if len(curves) > 1 else []
    return _chart(
        tree, title, caption, *_curve_table(columns, [curve for curve in curves if not curve.is_dashed]), legend
    )


def _curve_table(columns: Sequence[str], curves: Sequence[Curve]) -> tuple[Sequence[str], list[list[str]]]:
    """The headings and the rows, one a point, or one a place where all curves have the same."""
    if len(columns) == 1:
        rows = zip(*(curve.points for curve in curves), strict=True)
        texts = [[points[0].label, *(point.text for point in points)] for points in rows]
        return [*columns, *(curve.name for curve in curves)], texts
    texts = [[curve.name, point.label, point.text] for curve in curves for point in curve.points]
    return columns, [text[-len(columns) :] for text in texts]


class _Rows(pygal.HorizontalStackedBar):
    _series_margin = _GAP


class _Bins(pygal.StackedBar):
    _series_margin = 0.02


def _options(**options) -> dict:
    common = {
        "width": WIDTH,
        "margin": 6,
        "margin_top": 20,
        "style": _STYLE,
        "js": (),
        "css": (),
        "classes": (),
        "show_legend": False,
        "max_scale": 6,
        "truncate_label": -1,
    }
    return common | options


def _colours(curves: Sequence[Curve]) -> list[str]:
    """The class of each curve: references share one, the others are numbered."""
    numbers = count()
    return ["is-dashed" if curve.is_dashed else f"color-{next(numbers)}" for curve in curves]


def _end(bar: Bar) -> float:
    return sum(segment.value for segment in bar.segments)


def _whisker(point: Point) -> tuple[float | None, ...]:
    """The ends of an interval, then a hole, which parts it from the next one."""
    return point.low, point.high, None


def _draw_bars(chart, bars: Sequence[Bar], names: Sequence[str] = ()):
    """The chart's tree, and the shapes of each bar with their names, classes and links on."""
    depth = len(bars[0].segments)
    for place in range(depth):
        chart.add("", [bar.segments[place].value for bar in bars])
    tree = chart.render_tree()
    shapes = [[] for _bar in bars]
    for place in range(depth):
        (group,) = (found for series in _series(tree, place) for found in series.findall("g[@class='bars']"))
        for row, (drawn, bar) in enumerate(zip(group.findall("g"), bars, strict=True)):
            segment = bar.segments[place]
            name = f"{bar.label}, {names[place]}: {segment.text}" if names else f"{bar.label}: {segment.text}"
            shapes[row].append(_dress(drawn, name, f"rect is-{segment.tone}", segment.href))
    return tree, shapes


def _series(tree, place: int) -> Iterable:
    """The groups of a series, among the marks and over them."""
    return [group for group in tree.iter("g") if f" serie-{place} " in group.get("class", "")]


def _plot(tree) -> tuple[ElementTree.Element, str, str]:
    """Where the marks are drawn, its width and its height."""
    plot = tree.find(".//g[@class='plot']")
    background = plot.find("rect")
    return plot, background.get("width"), background.get("height")


def _end_within_the_plot(tree) -> None:
    """Let the last text of the horizontal axis end with the plot: a date would stick out of its panel."""
    last = tree.findall(".//g[@class='axis x']/g/text")[-1]
    last.set("class", "is-last")
    last.set("x", _plot(tree)[1])


def _dress(group, name: str, classes: str, href: str = ""):
    """Leave of a mark its shape, with what browsers say of it by themselves instead of what pygal's script would."""
    shape = next(node for node in group.iter() if node.tag in _SHAPES)
    for child in list(group):
        group.remove(child)
    shape.set("class", classes)
    ElementTree.SubElement(shape, "title").text = name
    parent = ElementTree.SubElement(group, "a", {"href": href, "aria-label": name}) if href else group
    parent.append(shape)
    return shape


def _slot(groups, chart) -> tuple[float, float]:
    """Where the first column begins and how wide one is, the room around its bar included."""
    first = groups[0][0]
    width = float(first.get("width")) / (1 - 2 * chart._series_margin)
    return float(first.get("x", 0)) - chart._series_margin * width, width


def _text(parent, classes: str, text: str, **attributes: str) -> None:
    ElementTree.SubElement(parent, "text", {"class": classes, **attributes}).text = text


def _table(bars: Sequence[Bar]) -> list[list[str]]:
    return [[bar.label, *(segment.text for segment in bar.segments), *bar.cells] for bar in bars]


def _legend(bars: Sequence[Bar], names: Sequence[str]) -> list[tuple[str, str]]:
    tones = [f"is-{segment.tone}" for segment in bars[0].segments]
    return list(zip(tones, names, strict=True))


def _chart(tree, title, caption, columns, table, legend) -> Chart:
    has_links = tree.find(".//a") is not None
    # Screen readers pass over what is inside an image: a drawing with links is a group, and its scale is hidden.
    tree.attrib = {
        "viewBox": tree.get("viewBox"),
        "role": "group" if has_links else "img",
        "aria-label": f"{title}. {caption}" if caption else title,
    }
    graph = tree.find("g")
    for child in list(tree):
        if child is not graph:
            tree.remove(child)
    for child in graph.findall("g"):
        if child.get("class") in ("plot tooltip-overlay", "plot text-overlay"):
            graph.remove(child)
    for node in tree.iter():
        node.attrib.pop("style", None)
        for axis in node.findall("g"):
            if axis.get("class", "").startswith("axis"):
                axis.set("aria-hidden", "true")
    svg = ElementTree.tostring(tree, encoding="unicode")
    return Chart(title, caption, mark_safe(svg), list(columns), table, legend)  # noqa: S308 (escaped by the serializer)
