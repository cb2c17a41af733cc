"""Ends of what a report shows: one label, no text, extreme figures, and sentences that are left out."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from model_build.report import Report, Step, charts, curves, html, markdown, plots
from model_build.report.documents import Bin, ClassFigures, Comparison, Figures
from model_build.report.model import ClassRow, MetricRow, signed
from model_build.report.svg import element, plot, shortened, text
from model_common import prices

MINUS = "\N{MINUS SIGN}"


def figures(f1, support=5):
    return ClassFigures(precision=0.5, recall=0.25, f1=f1, support=support)


def rows(*pairs):
    return [
        ClassRow(f"l{n}", figures(own), None if other is None else figures(other))
        for n, (own, other) in enumerate(pairs)
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "+0.0000"), (0.00004, "+0.0000"), (1.0, "+1.0000"), (-0.12345, f"{MINUS}0.1235")],
)
def test_a_difference_has_a_sign_and_four_decimals(value, shown):
    assert signed(value) == shown


@pytest.mark.parametrize(
    ("name", "candidate", "champion", "improved"),
    [
        ("macro_f1", 0.7, 0.6, True),
        ("macro_f1", 0.6, 0.7, False),
        ("macro_f1", 0.7, 0.7, None),
        ("macro_f1", 0.7, None, None),
        ("log_loss", 0.3, 0.4, True),
        ("log_loss", 0.4, 0.3, False),
        ("expected_calibration_error", 0.1, 0.2, True),
        ("expected_calibration_error", 0.2, 0.1, False),
    ],
)
def test_more_is_better_but_for_losses(name, candidate, champion, improved):
    row = MetricRow(name, candidate, champion, gated=False)
    assert row.improved is improved
    assert (row.difference is None) == (champion is None)


@pytest.mark.parametrize(
    ("reached", "recall", "precision"),
    [
        ([(0.0, 1.0), (1.0, 0.5)], 0.1, 0.5),
        ([(0.5, 0.9), (1.0, 0.4)], 0.5, 0.9),
        ([(0.5, 0.9), (1.0, 0.4)], 0.6, 0.4),
        ([(0.4, 0.9)], 0.5, 0.0),
        ([(0.3 - 1e-12, 0.9)], 0.3, 0.9),
        ([(0.5, 0.2), (0.9, 0.8)], 0.5, 0.8),
    ],
)
def test_the_precision_at_a_recall_is_the_best_at_it_or_beyond(reached, recall, precision):
    bars = re.search(r"bar \[(.*)\]", charts.precision_recall({"a": reached}, {}))[1].split(", ")
    assert bars[round(recall * 10) - 1] == f"{precision:.3f}"


def test_curves_are_averaged_over_the_labels_that_have_one():
    drawn = charts.precision_recall({"a": [(1.0, 0.8)], "b": [(1.0, 0.4)], "c": []}, {"a": []})
    assert "bar [0.600, " in drawn and "line" not in drawn
    assert 'title "Mean precision by recall"' in drawn
    assert charts.precision_recall({"a": []}, {"a": [(1.0, 0.8)]}) == ""


@pytest.mark.parametrize(
    ("count", "row", "shown"),
    [
        (0, [0, 4], "0% (0)"),
        (0, [0, 0], "0% (0)"),
        (1, [1, 99], "\N{LIGHT SHADE}" * 3 + " 1% (1)"),
        (25, [25, 75], "\N{MEDIUM SHADE}" * 3 + " 25% (25)"),
        (50, [50, 50], "\N{DARK SHADE}" * 3 + " 50% (50)"),
        (75, [75, 25], "\N{FULL BLOCK}" * 3 + " 75% (75)"),
        (1234, [1234, 0], "\N{FULL BLOCK}" * 3 + " 100% (1,234)"),
    ],
)
def test_a_cell_is_shaded_by_its_share_of_the_row(count, row, shown):
    assert charts.confusion([row])[0][0] == shown
    assert row[0] == count


@pytest.mark.parametrize("count", [0, 1, 12, 13])
def test_bars_are_drawn_while_their_names_can_be_read(count):
    drawn = charts.f1_bars(rows(*[(0.5, 0.4)] * count))
    assert bool(drawn) == (0 < count < 13)
    assert ("line [" in drawn) == bool(drawn)


def test_a_champion_that_lacks_a_label_has_no_line():
    drawn = charts.f1_bars(rows((0.5, 0.4), (0.6, None)))
    assert "bar [0.500, 0.600]" in drawn
    assert "line" not in drawn and 'title "F1 of each label"' in drawn


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_curve_has_two_points(count):
    bins = [Bin(confidence=0.1 * n, accuracy=0.2 * n, count=5) for n in range(1, count + 1)]
    drawn = charts.reliability(bins)
    assert bool(drawn) == (count == 2)
    assert ("bar [0.200, 0.400]" in drawn) == (count == 2)


def parsed(drawn):
    return ElementTree.fromstring(str(drawn))


SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("count", [1, 2, 16])
@pytest.mark.parametrize("empty", [False, True])
def test_a_matrix_of_any_size_has_a_cell_for_each_pair_and_stays_in_its_plot(count, empty):
    labels = [f"label {'x' * 30} {n}" for n in range(count)]
    drawn = parsed(
        plots.confusion(labels, [[0 if empty else n + m for m in range(count)] for n in range(count)])
    )
    heat = [each for each in drawn.iter(f"{SVG}rect") if each.get("class") == "heat"]
    assert len(heat) == count * count
    assert all(0 <= float(each.get("fill-opacity")) <= 1 for each in heat)
    width, height = map(float, drawn.get("viewBox").split()[2:])
    assert all(float(each.get("x")) + float(each.get("width")) <= width for each in heat)
    assert all(float(each.get("y")) + float(each.get("height")) <= height for each in heat)


def test_a_cell_says_how_many_of_which_label_were_given_as_which():
    drawn = parsed(plots.confusion(["bad", "good"], [[1500, 500], [0, 7]]))
    hints = [each.findtext(f"{SVG}title") for each in drawn.iter(f"{SVG}rect") if each.get("class") == "heat"]
    assert hints == [
        "1,500 of 2,000 bad given as bad",
        "500 of 2,000 bad given as good",
        "0 of 7 good given as bad",
        "7 of 7 good given as good",
    ]
    assert drawn.findtext(f"{SVG}desc") == "of 2,000 bad: 1,500 bad, 500 good; of 7 good: 0 bad, 7 good"


def test_bars_are_as_long_as_their_f1_and_the_candidates_is_over_the_champions():
    drawn = parsed(plots.f1_bars(rows((1.0, 0.5), (0.0, None))))
    bars = [
        (each.get("class"), float(each.get("width")), float(each.get("y")))
        for each in drawn.iter(f"{SVG}rect")
    ]
    assert [each[0] for each in bars] == ["candidate", "champion", "candidate"]
    assert bars[0][1] == pytest.approx(2 * bars[1][1], abs=0.02)
    assert bars[2][1] == 1
    assert bars[0][2] < bars[1][2] < bars[2][2]
    assert drawn.findtext(f"{SVG}desc") == "l0 1.000 against 0.500; l1 0.000"


@pytest.mark.parametrize("bins", [[], [Bin(confidence=1.0, accuracy=0.0, count=1)]])
def test_the_reliability_of_few_texts_is_drawn(bins):
    drawn = parsed(plots.reliability(bins, []))
    assert len(list(drawn.iter(f"{SVG}circle"))) == len(bins)


def test_a_dot_is_the_larger_the_fuller_its_bin():
    bins = [Bin(confidence=0.5, accuracy=0.5, count=count) for count in (1, 25, 100)]
    sizes = [float(each.get("r")) for each in parsed(plots.reliability(bins, [])).iter(f"{SVG}circle")]
    assert sizes == [3.0, 5.0, 7.5]


def test_the_interval_is_drawn_where_its_ends_are_and_what_the_gate_refuses_to_its_left():
    compared = Comparison(metric="macro_f1", difference=0.0, interval=(-0.1, 0.1), confidence=0.9, samples=10)
    drawn = parsed(plots.difference(compared, 0.1))
    [interval] = [each for each in drawn.iter(f"{SVG}line") if each.get("class") == "interval"]
    refused = next(each for each in drawn.iter(f"{SVG}rect") if each.get("class") == "refused")
    middle = (float(interval.get("x1")) + float(interval.get("x2"))) / 2
    assert middle == pytest.approx(190)
    assert float(refused.get("x")) + float(refused.get("width")) == pytest.approx(float(interval.get("x1")))
    assert "90% interval" in drawn.findtext(f"{SVG}desc")


def test_a_small_plot_is_drawn_for_each_label_with_a_curve():
    own = Figures(
        metrics={},
        per_class={"a": figures(0.5), "b": figures(0.5)},
        confusion_matrix=None,
        calibration=(),
        precision_recall={"a": ((0.0, 1.0), (1.0, 0.5)), "b": ()},
    )
    drawn = parsed(curves.precision_recall(own, None))
    assert [each.get("class") for each in drawn.iter(f"{SVG}polyline")] == ["curve candidate"]
    both = parsed(curves.precision_recall(own, own))
    assert [each.get("class") for each in both.iter(f"{SVG}polyline")] == [
        "curve champion",
        "curve candidate",
    ]


@pytest.mark.parametrize(
    ("label", "most", "shown"),
    [
        ("", 3, ""),
        ("abc", 3, "abc"),
        ("abcd", 3, "ab\N{HORIZONTAL ELLIPSIS}"),
        ("日本語です", 4, "日本語\N{HORIZONTAL ELLIPSIS}"),
    ],
)
def test_a_long_label_is_cut_to_its_room(label, most, shown):
    assert shortened(label, most) == shown


def test_elements_escape_what_they_hold():
    assert str(element("text", "<&>", class_='a"b', text_anchor="end")) == (
        '<text class="a&#34;b" text-anchor="end">&lt;&amp;&gt;</text>'
    )
    assert str(element("line", x1=1.005, x2=2.0)) == '<line x1="1" x2="2"/>'
    assert parsed(text(1, 2, "<b>", hint="<i>")).findtext("title") == "<i>"
    assert parsed(plot("p", "<t>", "<d>", 10, 20)).findtext(f"{SVG}title") == "<t>"


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((), ""),
        ((Step("Train", "Executing", None, instance_type="ml.m5.large"),), ""),
        ((Step("Train", "Succeeded", 1.0, instance_type="ml.m5.large"),), "The steps took 1.0 s, less than $0.01 at"),
        ((Step("Train", "Succeeded", 3600.0, instance_type="ml.m5.large"),), "The steps took 1 h 00 min, about $0.12 at"),
        ((Step("a", "Succeeded", 60.0, instance_type="ml.z"), Step("b", "Succeeded", 60.0, instance_type="ml.a")), "The steps took 2 min 00 s; the table of prices ("),
        ((Step("a", "Succeeded", 60.0, True, instance_type="ml.z"),), "The steps took 1 min 00 s, less than $0.01 at"),
    ],
)  # fmt: skip
def test_the_effort_is_the_time_and_the_price_of_what_ran(report, finished, steps, said):
    effort = report(replace(finished, steps=steps)).effort
    assert effort.startswith(said)
    assert bool(effort) == bool(said)
    if "table" in said:
        assert effort.endswith(f"({prices.DATE}) has none for ml.a, ml.z.")


@pytest.mark.parametrize(
    ("wrong", "said"), [(1, "l0"), (10, "l0, l1, l2, l3, l4, l5, l6, l7, l8, l9"), (12, "l9 and 2 more")]
)
def test_labels_that_are_never_right_are_named_up_to_ten(report, evaluation, finished, wrong, said):
    document = evaluation(labels=tuple(f"l{n}" for n in range(wrong)))
    for label, own in document["candidate"]["per_class"].items():
        own |= {"f1": 0.0, "support": 1000 - int(label[1:])}
    shown = report(finished, document).never_right
    assert said in shown and shown.endswith(": not one of their texts is labelled right.")
    document["candidate"]["per_class"]["l0"]["support"] = 0
    assert "l0" not in report(finished, document).never_right


def test_a_run_that_is_a_pull_requests_says_that_it_registers_nothing(report, finished):
    run = replace(finished, pull_request=7, model_package_arn=None)
    assert "A pull request registers nothing" in report(run).consequence
    assert report(replace(run, status="Executing")).consequence == ""


@pytest.mark.parametrize("status", ["Executing", "Stopping", "Starting"])
def test_an_execution_that_has_not_ended_is_running_whatever_was_measured(report, finished, status):
    built = report(replace(finished, status=status, model_package_arn=None))
    assert (built.verdict.value, built.reason) == ("running", "")


def test_the_page_and_the_comment_are_made_of_nothing_but_a_run(finished):
    bare = replace(
        finished, steps=(), commit="", commit_message="", data_source="", data_uri="", data_sha256=""
    )
    built = Report.build(replace(bare, status="Stopped", model_package_arn=None, reason="<b>"), None, None)
    assert "&#60;b&#62; No model was registered." in markdown.render(built)
    assert "&lt;b&gt;" in html.render(built)
    assert (built.metrics, built.classes, built.baseline, built.champion) == ((), (), None, None)
