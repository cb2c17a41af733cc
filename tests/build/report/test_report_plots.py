"""The plots of a report: on the page as SVG, in the comment as pictures that GitHub draws."""

import re
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from model_build.report import html, markdown


def test_every_plot_is_well_formed_and_described_to_those_who_cannot_see_it(report, evaluation):
    page = html.render(report(document=evaluation(champion=0.65)))

    plots = [ElementTree.fromstring(found) for found in re.findall(r"<svg.*?</svg>", page, re.S)]

    namespace = "{http://www.w3.org/2000/svg}"
    titles = [plot.findtext(f"{namespace}title") for plot in plots]
    assert titles == [
        "Difference in macro_f1, candidate minus champion",
        "Confusion matrix of the candidate",
        "F1 of each label",
        "Reliability of the probabilities",
    ]
    for plot in plots:
        title, description = list(plot)[:2]
        assert plot.get("role") == "img"
        assert plot.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert len(plot.findtext(f"{namespace}desc", "")) > 20


@pytest.mark.parametrize("interval", [(0.0, 0.0), (-0.9, 0.9), (1e-5, 2e-5), (-0.03, -0.02)])
def test_an_interval_of_any_size_is_drawn_within_its_plot(interval, report, evaluation):
    difference = sum(interval) / 2
    document = evaluation(candidate=0.6 + difference / 2, champion=0.6 - difference / 2, interval=interval)

    page = html.render(report(document=document))

    (plot,) = re.findall(r'<svg[^>]*aria-labelledby="difference-title.*?</svg>', page, re.S)
    places = [float(x) for x in re.findall(r'\b(?:x|x1|x2|cx)="(-?[\d.]+)"', plot)]
    assert all(0 <= x <= 380 for x in places)
    assert len(re.findall(r'class="axis"', plot)) >= 3


def fences(text):
    return [
        token.content
        for token in MarkdownIt().parse(text)
        if token.type == "fence" and token.info == "mermaid"
    ]


def test_f1_of_each_label_is_a_picture_that_github_draws(report, evaluation):
    drawn = markdown.render(report(document=evaluation(champion=0.6)))
    [bars, curve] = fences(drawn)
    assert bars.splitlines()[0] == "xychart-beta"
    assert 'x-axis ["bad", "good"]' in bars
    assert "bar [0.700, 0.700]" in bars
    assert "line [0.600, 0.600]" in bars
    assert "Right (bars) by confidence (line)" in curve


@pytest.mark.parametrize("label", ['"] evil', "%%{init: {}}%%", "a```b", "#quot;", "x\ny"])
def test_a_label_cannot_leave_its_quotes_in_a_picture(label, report, evaluation):
    text = markdown.render(report(document=evaluation(labels=(label, "good"))))
    [axis] = re.findall(r"x-axis \[(.*)\]", fences(text)[0])
    names = re.fullmatch(r'"([^"]*)", "good"', axis)
    assert not set('"`%{}#\n') & set(names[1])


def test_the_confusion_matrix_is_shaded_by_the_share_of_its_row(report):
    text = markdown.render(report())
    assert "| **bad** | ▓▓▓ 60% (30) | ▒▒▒ 40% (20) |" in text


@pytest.fixture
def with_curves(report, evaluation):
    document = evaluation(champion=0.65)
    document["interval"] = {
        "metric": "macro_f1",
        "interval": [0.65, 0.74],
        "confidence": 0.95,
        "samples": 1000,
    }
    for owner in ("candidate", "champion"):
        curve = [[0.0, 1.0], [0.5, 0.8], [1.0, 0.4]]
        document[owner]["precision_recall"] = {"bad": curve, "good": []}
    return report(document=document)


def test_precision_and_recall_are_drawn_for_each_label_that_has_a_curve(with_curves):
    page = html.render(with_curves)

    assert "Precision and recall" in page
    assert page.count('class="curve candidate"') == 2  # the label, and the reliability
    assert "bad: at the threshold precision 0.500, recall 0.250" in page


def test_the_comment_draws_the_mean_precision_by_recall(with_curves):
    text = markdown.render(with_curves)

    assert 'title "Mean precision by recall: candidate (bars), champion (line)"' in text
    assert "bar [0.800, 0.800, 0.800, 0.800, 0.800, 0.400, 0.400, 0.400, 0.400, 0.400]" in text


def test_the_candidates_own_interval_is_stated(with_curves):
    said = "95% interval of the candidate's macro_f1: 0.6500 to 0.7400."

    assert said in markdown.render(with_curves)
    assert "0.6500 to 0.7400" in html.render(with_curves)


def test_a_document_without_curves_draws_none(report):
    assert "Precision and recall" not in html.render(report()) + markdown.render(report())
