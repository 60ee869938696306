from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string

from predictions.pages import charts
from predictions.pages.charts import Bar, Line, Point, Segment


def percent(value):
    return f"{value * 100:.0f}%"


def make_rows(**options):
    bars = [
        Bar("Sales", [Segment(0.2, "20%", "high", "/employees/?department=Commercial")], cells=["446"]),
        Bar("Consulting", [Segment(0.1, "10%", "low")], cells=["961"]),
    ]
    return charts.rows(title="Risk", columns=["Department", "Risk", "People"], bars=bars, **options)


def make_columns(**options):
    bars = [
        Bar("0–50%", [Segment(30, "30", "low"), Segment(4, "4", "high")]),
        Bar("50–100%", [Segment(0, "0", "low"), Segment(10, "10", "high")]),
    ]
    names = ["Low", "High"]
    return charts.columns(
        title="Distribution",
        columns=["Range", *names],
        names=names,
        bars=bars,
        axis="{:g}".format,
        ticks=[(0, "0%"), (2, "100%")],
        x_title="Probability",
        line=(0.5, "Threshold"),
        **options,
    )


def make_curves(**options):
    points = [Point(0.1, 0.2, "10%", "20%", 0.15, 0.25), Point(0.5, 0.6, "50%", "60%", 0.5, 0.7)]
    diagonal = [Point(0, 0, "", ""), Point(1, 1, "", "")]
    options.setdefault("curves", [Line("Perfect", diagonal, is_dashed=True), Line("Model", points)])
    return charts.curves(
        title="Calibration", x_axis=percent, y_axis=percent, **{"columns": ["Predicted", "Observed"]} | options
    )


def make_dots(**options):
    now = Line("Now", [Point(0, 0.4, "Women", "40% (30% to 50%)", 0.3, 0.5), Point(1, 0.2, "Men", "20%")])
    before = Line("Before", [Point(1, 0.1, "Men", "10% (0% to 20%)", 0.0, 0.2)])
    return charts.dots(
        title="Flagged",
        columns=["Group", "Share"],
        rows=["Women", "Men"],
        lines=[now, before],
        axis=percent,
        **options,
    )


def shapes(chart, tag):
    return list(ElementTree.fromstring(chart.svg).iter(tag))


def marks(chart, name):
    """The shapes of a class, by what they say on hover."""
    return {node.get("data-tip"): node for node in ElementTree.fromstring(chart.svg).iter() if _has_class(node, name)}


def _has_class(node, name):
    return name in node.get("class", "").split()


@pytest.mark.parametrize("make", [make_rows, make_columns, make_dots, make_curves])
def test_chart_has_nothing_inline(make):
    tree = ElementTree.fromstring(make().svg)
    assert not {node.tag for node in tree.iter()} & {"style", "script", "desc", "defs"}
    assert not [node.tag for node in tree.iter() if {"style", "id"} & node.attrib.keys()]
    assert not any(value.startswith("http") for node in tree.iter() for value in node.attrib.values())


@pytest.mark.parametrize("make", [make_rows, make_columns, make_dots, make_curves])
def test_chart_accessible_name_is_title_and_caption(make):
    tree = ElementTree.fromstring(make(caption="Latest run").svg)
    assert tree.get("aria-label") == f"{make().title}. Latest run"


def test_chart_without_links_is_an_image():
    assert ElementTree.fromstring(make_columns().svg).get("role") == "img"


def test_chart_with_links_is_a_group():
    assert ElementTree.fromstring(make_rows().svg).get("role") == "group"


@pytest.mark.parametrize("make", [make_columns, make_curves])
def test_chart_hides_its_scale_from_screen_readers(make):
    tree = ElementTree.fromstring(make().svg)
    axes = [node for node in tree.iter("g") if node.get("class", "").startswith("axis")]
    assert axes
    assert all(axis.get("aria-hidden") == "true" for axis in axes)


def test_rows_longest_bar_fills_and_others_are_in_proportion():
    bars = marks(make_rows(), "rect")
    longest, other = (float(bars[name].get("width")) for name in ("Sales: 20%", "Consulting: 10%"))
    assert other == pytest.approx(longest / 2)


def test_rows_first_bar_on_top():
    bars = marks(make_rows(), "rect")
    assert float(bars["Sales: 20%"].get("y")) < float(bars["Consulting: 10%"].get("y"))


def test_rows_label_and_value_stand_above_their_bar():
    chart = make_rows()
    texts = {node.text: float(node.get("y")) for node in shapes(chart, "text")}
    bar = float(marks(chart, "rect")["Consulting: 10%"].get("y"))
    assert texts["Consulting"] == texts["10%"]
    assert 0 < bar - texts["Consulting"] < 10


def test_rows_class_and_link_of_a_segment():
    chart = make_rows()
    assert _has_class(marks(chart, "rect")["Sales: 20%"], "is-high")
    (link,) = shapes(chart, "a")
    assert link.attrib == {"href": "/employees/?department=Commercial", "aria-label": "Sales: 20%"}


def test_rows_maximum_ends_the_scale():
    full = float(marks(make_rows(), "rect")["Sales: 20%"].get("width"))
    assert float(marks(make_rows(maximum=0.4), "rect")["Sales: 20%"].get("width")) == pytest.approx(full / 2)


def test_rows_table_holds_values_and_further_cells():
    assert make_rows().rows == [["Sales", "20%", "446"], ["Consulting", "10%", "961"]]


def test_columns_segments_stack():
    bars = marks(make_columns(), "rect")
    low, high = bars["0–50%, Low: 30"], bars["0–50%, High: 4"]
    assert float(high.get("y")) + float(high.get("height")) == pytest.approx(float(low.get("y")))


def test_columns_legend_pairs_classes_with_names():
    assert make_columns().legend == [("is-low", "Low"), ("is-high", "High")]


def test_columns_ticks_and_line_stand_at_their_places():
    chart = make_columns()
    place = {node.text: float(node.get("x")) for node in shapes(chart, "text") if node.get("class") == "tick"}
    assert place["0%"] < place["Threshold"] < place["100%"]
    assert place["Threshold"] - place["0%"] == pytest.approx((place["100%"] - place["0%"]) / 4, abs=0.1)
    assert [node for node in shapes(chart, "path") if node.get("class") == "reference"]


def test_columns_x_title():
    assert "Probability" in [node.text for node in shapes(make_columns(), "text")]


def test_curves_marks_say_their_point():
    assert set(marks(make_curves(), "dot")) == {"Model, 10%: 20%", "Model, 50%: 60%"}


def test_curves_reference_is_dashed_unmarked_and_untold():
    chart = make_curves()
    groups = [node for node in shapes(chart, "g") if _has_class(node, "is-dashed")]
    assert [node for group in groups for node in group.iter("path")]
    assert not [node for group in groups for node in group.iter("circle")]
    assert chart.rows == [["10%", "20%"], ["50%", "60%"]]
    assert chart.legend == [("is-dashed", "Perfect"), ("color-0", "Model")]


def test_curves_without_line_draw_their_marks_alone():
    points = [Point(0.1, 0.2, "10%", "20%"), Point(0.5, 0.6, "50%", "60%")]
    chart = make_curves(curves=[Line("Model", points, has_line=False)])
    assert not [node for node in shapes(chart, "path") if _has_class(node, "line")]
    assert set(marks(chart, "dot")) == {"10%: 20%", "50%: 60%"}


def test_curves_interval_reaches_from_low_to_high():
    chart = make_curves(y_range=(0, 1))
    (group,) = (node for node in shapes(chart, "g") if _has_class(node, "is-interval") and list(node))
    first, second = (path.get("d").replace("M", "").replace("L", "").split() for path in group.iter("path"))
    heights = [abs(float(path[3]) - float(path[1])) for path in (first, second)]
    assert heights[1] == pytest.approx(2 * heights[0], rel=1e-3)


def test_curves_table_names_the_curve_when_there_are_several():
    one, two = Line("A", [Point(0, 1, "0", "1")]), Line("B", [Point(2, 1, "2", "1")])
    chart = make_curves(curves=[one, two], columns=["Model", "Predicted", "Observed"])
    assert chart.columns == ["Model", "Predicted", "Observed"]
    assert chart.rows == [["A", "0", "1"], ["B", "2", "1"]]


def test_curves_with_the_same_places_stand_side_by_side_in_the_table():
    one, two = (Line(name, [Point(0, y, "0", str(y)), Point(1, y, "1", str(y))]) for name, y in (("A", 3), ("B", 4)))
    chart = make_curves(curves=[one, two], columns=["Predicted"])
    assert chart.columns == ["Predicted", "A", "B"]
    assert chart.rows == [["0", "3", "4"], ["1", "3", "4"]]


def test_curves_ticks_replace_the_scale():
    texts = [node.text for node in shapes(make_curves(ticks=[(0, "1 Jan"), (1, "3 Jun")]), "text")]
    assert "1 Jan" in texts
    assert "3 Jun" in texts


def test_curves_last_tick_ends_with_the_plot():
    chart = make_curves(ticks=[(0, "1 January 2026"), (1, "3 June 2026")])
    (last,) = [node for node in shapes(chart, "text") if node.get("class") == "is-last"]
    background = ElementTree.fromstring(chart.svg).find(".//g[@class='plot']/rect")
    assert last.text == "3 June 2026"
    assert last.get("x") == background.get("width")


def test_withheld_column_is_drawn_as_not_shown_and_not_as_nothing():
    bars = [
        Bar("May", [Segment(0, "not shown", "total")], is_withheld=True),
        Bar("June", [Segment(0, "0", "total")]),
        Bar("July", [Segment(8, "8", "total")]),
    ]
    chart = charts.columns(
        title="Left", columns=["Month", "Left"], names=["Left"], bars=bars, axis="{:g}".format, ticks=[(0, "May")]
    )
    may, june, _july = (node for node in ElementTree.fromstring(chart.svg).iter("rect") if node.get("data-tip"))
    assert (may.get("class"), may.get("y"), may.get("height")) == ("rect is-withheld", "0", "204")
    assert float(june.get("height")) == 0
    assert chart.legend == [
        ("is-total", "Left"),
        ("is-withheld", "Not shown: fewer than five, or to protect such a group"),
    ]


@pytest.mark.parametrize(("largest", "last"), [(96, "100"), (80, "80"), (7, "8")])
def test_axis_of_dots_ends_on_a_tick_at_or_above_the_largest_value(largest, last):
    chart = charts.dots(
        title="",
        columns=["", ""],
        rows=["Sales"],
        lines=[Line("Left", [Point(0, largest, "Sales", str(largest))])],
        axis="{:g}".format,
    )
    ticks = [text for text in ElementTree.fromstring(chart.svg).iter("text") if text.get("class") == "tick"]
    assert ticks[-1].text == last
    assert float(ticks[-1].get("x")) == charts.WIDTH - 2 * charts.RIGHT


def test_dots_stand_at_their_values_under_the_label_of_their_row():
    drawing = ElementTree.fromstring(make_dots().svg)
    dots = [(float(dot.get("cx")), float(dot.get("cy"))) for dot in drawing.iter() if dot.tag == "circle"]
    labels = [float(text.get("y")) for text in drawing.iter() if text.get("class") == "label"]
    (women, top), (men, middle), (before, low) = dots
    assert women == pytest.approx(2 * men, abs=0.02) == pytest.approx(4 * before, abs=0.04)
    assert labels[0] < top < labels[1] < middle < low


def test_dots_interval_reaches_from_low_to_high_and_is_left_out_where_there_is_none():
    drawing = ElementTree.fromstring(make_dots().svg)
    paths = [path.get("d") for path in drawing.iter() if path.get("class") == "line"]
    width = charts.WIDTH - 2 * charts.RIGHT
    ends = [[float(part.split()[0]) for part in path[1:].split(" L")] for path in paths]
    assert ends == [pytest.approx([0.3 * width, 0.5 * width]), pytest.approx([0, 0.2 * width])]


def test_dots_reference_is_named_and_its_line_stands_at_its_value():
    svg = make_dots(reference=(0.8, "four fifths")).svg
    width = charts.WIDTH - 2 * charts.RIGHT
    assert f'class="reference" d="M{0.8 * width:.2f} 0' in svg
    assert ">four fifths</text>" in svg


def test_dots_table_has_a_column_a_series_and_a_dash_where_one_has_no_value():
    chart = make_dots()
    assert chart.columns == ["Group", "Now", "Before"]
    assert chart.rows == [["Women", "40% (30% to 50%)", "–"], ["Men", "20%", "10% (0% to 20%)"]]
    assert chart.legend == [("color-0", "Now"), ("color-1", "Before")]


def test_chart_text_is_escaped():
    bars = [Bar("<script>alert(1)</script>", [Segment(1, '"><b>', "low", '/?"><script>')])]
    assert "<script>" not in charts.rows(title='"><script>', columns=["", ""], bars=bars).svg


def test_chart_partial_shows_drawing_legend_and_table():
    page = render_to_string("partials/chart.html", {"chart": make_columns(caption="Latest run")})
    assert '<svg viewBox="0 0 440 274" role="img"' in page
    assert '<li class="is-low">Low</li>' in page
    assert '<th scope="row" class="is-wide">0–50%</th>' in page
    assert "Latest run" in page
