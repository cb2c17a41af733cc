"""The report: what it says of each kind of execution, as Markdown and as a page."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from model_build.errors import CommandError
from model_build.report import Link, Report, Step, html, markdown
from model_build.report.model import duration
from model_common import prices

ACCOUNT = "arn:aws:sagemaker:eu-west-1:123456789012"
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>|`*[x](javascript:alert(3)) @admin #1 &lt; --> \"'"
)


def commented(built):
    """The Markdown as a browser shows it: GitHub's table extension, HTML allowed."""
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown.render(built))


class Seen(HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.attributes, self.text = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).replace("\u200b", "").split())


REFUSED = {
    "status": "Failed",
    "model_package_arn": None,
    "steps": [Step("Fail", "Failed", 0.0, reason="no")],
}
BROKEN = {
    "status": "Failed",
    "model_package_arn": None,
    "steps": [Step("Train", "Failed", 9.0, reason="AlgorithmError: lr")],
}
ENDS = {
    "passed": ({}, {}, "The candidate passes the gate", "waits for approval"),
    "forced": ({}, {"forced": True}, "The candidate passes by force", "waits for approval"),
    "refused": (REFUSED, {"passed": False}, "The gate refuses the candidate", "No model was registered"),
    "failed step": (BROKEN, None, "Train failed", "AlgorithmError: lr No model was registered"),
    "failed after the gate": (BROKEN, {}, "Train failed", "No model was registered"),
    "stopped": (
        BROKEN | {"status": "Stopped", "steps": []},
        None,
        "ended as Stopped",
        "No model was registered",
    ),
    "running": (
        BROKEN | {"status": "Executing", "steps": []},
        None,
        "still running",
        "Data: 1,000 of 1,010",
    ),
}
"""What differs from a finished run, what differs from a passing gate (None: no evaluation), the headline, and words."""


@pytest.mark.parametrize("end", ENDS)
def test_the_verdict_comes_first_however_the_execution_ended(end, evaluation, finished, preparation):
    changes, gate, headline, words = ENDS[end]
    document = None if gate is None else evaluation(**gate)
    built = Report.build(replace(finished, **changes), document, preparation)

    first_lines = markdown.render(built).splitlines()[:3]

    assert first_lines[0] == "<!-- model-build-report: reviews -->"
    assert headline in first_lines[2]
    assert words in Seen(commented(built)).words
    assert f"<h1>{headline}" in html.render(built) or headline in Seen(html.render(built)).words


def test_the_reason_of_the_gate_is_shown(report):
    for page in (commented(report()), html.render(report())):
        assert "macro_f1 0.700 is good enough." in Seen(page).words


def test_a_champion_is_compared_metric_by_metric(report, evaluation):
    text = markdown.render(report(document=evaluation(candidate=0.7, champion=0.65)))

    assert "| **macro_f1** (gate) | 0.7000 | 0.6500 | +0.0500 (better) |" in text
    assert "| log_loss | 0.3000 | 0.3500 | \N{MINUS SIGN}0.0500 (better) |" in text
    assert "| accuracy | 0.8000 | 0.8000 | +0.0000 |" in text
    assert f"champion: `{ACCOUNT}:model-package/shop/6`" in text


@pytest.mark.parametrize(
    ("interval", "meaning"),
    [
        ((0.01, 0.05), "+0.0100 to +0.0500; the candidate is very likely better."),
        ((-0.05, -0.01), "\N{MINUS SIGN}0.0500 to \N{MINUS SIGN}0.0100; the candidate is very likely worse."),
        ((-0.01, 0.05), "it includes zero, so the difference may be chance."),
    ],
)
def test_the_interval_is_put_in_words(interval, meaning, report, evaluation):
    built = report(document=evaluation(champion=0.65, interval=interval))

    assert meaning in markdown.render(built)
    assert meaning in Seen(html.render(built)).words


def test_without_a_champion_there_is_nothing_to_compare(report):
    text = markdown.render(report())

    assert "| **macro_f1** (gate) | 0.7000 |" in text
    assert "champion" not in text
    assert 'aria-labelledby="difference-title' not in html.render(report())


def test_a_champion_that_could_not_be_measured_is_named_and_not_compared(report, evaluation, finished):
    document = evaluation(passed=False)
    document["champion"] = {
        "arn": f"{ACCOUNT}:model-package/shop/6",
        "labels": ["x"],
        "metrics": {},
        "per_class": {},
        "confusion_matrix": None,
        "calibration": [],
    }

    built = report(replace(finished, **REFUSED), document)

    assert built.champion is None
    assert "model-package/shop/6" in markdown.render(built)
    assert "model-package/shop/6" in html.render(built)


def test_the_data_is_accounted_for(report):
    for page in (commented(report()), html.render(report())):
        words = Seen(page).words
        assert "1,000 of 1,010 rows" in words
        assert re.search(r"empty.text", words)
        assert "3, 14, ..." in words or "3, 14, …" in words
        assert "encoding" not in words
        assert "ab" * 32 in words
        assert re.search(r"[Aa]nswering always .?good.? would reach an accuracy of 0.7500", words)


def test_rebalancing_is_told(report, preparation):
    done = {"method": "undersample", "before": {"bad": 200, "good": 1600}, "after": {"bad": 200, "good": 200}}
    built = report(preparation=preparation | {"rebalanced": done})

    for page in (commented(built), html.render(built)):
        assert "rebalanced (undersample): 400 of 1,800 examples were kept." in Seen(page).words


@pytest.mark.parametrize(
    ("approval", "said"),
    [
        ("PendingManualApproval", "The model is registered and waits for approval."),
        ("Approved", "The model is registered and approved."),
        ("Rejected", "The model is registered, and was rejected."),
        ("deleted", "The model was registered, and was deleted since."),
        ("", "The model is registered."),
    ],
)
def test_what_became_of_a_registered_model_is_said_as_the_registry_says_it_now(
    report, finished, approval, said
):
    built = report(replace(finished, approval=approval))
    assert built.consequence == said
    assert said in markdown.render(built) and said in html.render(built)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "\N{EN DASH}"),
        (0, "0.0 s"),
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (60, "1 min 00 s"),
        (61.5, "1 min 02 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 00 min"),
        (86_400, "24 h 00 min"),
    ],
)
def test_a_duration_is_said_in_the_units_of_its_size(seconds, said):
    assert duration(seconds) == said


def test_steps_say_where_the_time_went(report):
    assert "| Prepare | Succeeded (from the cache) | 4.2 s |" in markdown.render(report())
    assert "| Register | Succeeded | 1 min 05 s |" in markdown.render(report())


def test_links_lead_on_and_only_to_the_web(report, finished):
    built = report(replace(finished, links=[Link("CI run", "https://example.com/runs/1")]))

    assert '<a href="https://example.com/runs/1">CI run</a>' in html.render(built)
    assert '<a href="https://example.com/runs/1">CI run</a>' in commented(built)
    with pytest.raises(ValueError, match="is not a web address"):
        Link("CI run", "javascript:alert(1)")


def test_hostile_names_and_messages_show_as_they_are_and_do_nothing(
    report, evaluation, finished, preparation
):
    labels = (HOSTILE, "good")
    document = evaluation(champion=0.65, labels=labels, reason=HOSTILE)
    preparation = preparation | {"dropped": {HOSTILE: {"count": 1, "first_rows": [1]}}}
    steps = [Step(HOSTILE, HOSTILE, 1.0, reason=HOSTILE)]
    run = replace(
        finished, commit_message=f"Fix\n\n{HOSTILE}", commit=HOSTILE, data_source=HOSTILE, steps=steps
    )
    built = report(run, document, preparation)

    for page in (commented(built), html.render(built)):
        seen = Seen(page)
        assert not {"script", "img", "iframe"} & set(seen.elements)
        assert not [
            name for name, value in seen.attributes if name.startswith("on") or "javascript" in (value or "")
        ]
        assert seen.words.count("<script>alert(1)</script>") >= 5
        assert HOSTILE in seen.words
    text = markdown.render(built)
    assert "@admin" not in text
    assert "#1 " not in text
    assert text.count("<!--") == 1
    # Every row of every table still has its own number of cells.
    assert "".join(commented(built)).count("<tr>") == len(re.findall(r"^\| (?!---)", text, re.M))


@pytest.mark.parametrize("start", ["- item", "+ item", "1. item", "12) item", "# title", "> quote", "==="])
def test_a_message_cannot_start_a_block(start):
    assert MarkdownIt().render(markdown.plain(start)).startswith("<p>")


def test_ordinary_names_stay_readable_in_the_source():
    assert (
        markdown.plain("macro_f1 0.7: fits (or not) - it's fine.")
        == "macro_f1 0.7: fits (or not) - it's fine."
    )


def test_many_labels_fit_into_a_comment_and_stay_legible_on_the_page(report, evaluation):
    labels = tuple(f"label-{number}" for number in range(736))
    document = evaluation(champion=0.65, labels=labels)
    for owner in ("candidate", "champion"):
        document[owner]["confusion_matrix"] = None

    built = report(document=document)

    assert len(markdown.render(built)) < 65_536
    assert "The 40 commonest labels; 696 more are in the page." in markdown.render(built)
    page = html.render(built)
    assert page.count('<th scope="row">label-') == 736
    assert "The 24 commonest labels; the table has all." in page
    assert "Confusion matrix" not in page


def test_several_labels_per_text_have_neither_matrix_nor_commonest_label(report, evaluation):
    document = evaluation() | {"multi_label": True}
    document["candidate"]["confusion_matrix"] = None

    page = html.render(report(document=document))

    assert "Confusion matrix" not in page
    assert "Answering always" not in page


def test_the_page_stands_alone(report, evaluation):
    page = html.render(report(document=evaluation(champion=0.65)))
    seen = Seen(page)

    assert not {"script", "link", "img", "iframe", "object"} & set(seen.elements)
    assert not re.search(r"url\(|@import|<[^>]+ src=", page)
    assert "prefers-color-scheme: dark" in page
    assert "default-src 'none'" in page


def test_a_document_of_another_version_is_a_clear_error(report, evaluation):
    document = evaluation()
    del document["gate"]["reason"]

    with pytest.raises(
        CommandError, match=r"evaluation\.json cannot be reported: gate\.reason: Field required"
    ):
        report(document=document)


def test_keys_of_later_versions_are_no_error(report, evaluation):
    assert report(document=evaluation() | {"later": {}}).headline == "The candidate passes the gate"


def test_a_report_says_when_how_and_what_comes_next_and_flags_labels_that_are_never_right(
    report, evaluation, finished
):
    document = evaluation()
    first, *_ = document["candidate"]["per_class"].values()
    first |= {"f1": 0.0, "support": 5}
    run = replace(
        finished,
        started=datetime(2026, 11, 29, 12, 30, tzinfo=UTC),
        training={"algorithm": "blazingtext", "epochs": "10"},
        next_command="model-deploy rollout --stage staging --model-package 2",
        next_place=" in the deploy repository",
    )
    built = report(run, document)
    for text in (markdown.render(built), html.render(built)):
        assert "2026-11-29 12:30 UTC" in text
        assert "model-deploy rollout --stage staging --model-package 2" in text
        assert " in the deploy repository" in text
        assert "F1 is 0 for" in text
        assert "epochs" in text
    assert report().never_right == ""


def test_many_labels_are_folded_in_the_page_the_commonest_first(report, evaluation, finished):
    document = evaluation()
    figures = next(iter(document["candidate"]["per_class"].values()))
    document["candidate"]["per_class"] = {
        f"label{number}": {**figures, "support": number} for number in range(50)
    }
    built = report(finished, document)
    page = html.render(built)
    assert "All 50 labels, the commonest first" in page
    assert built.by_support[0].label == "label49"
    assert "All " not in html.render(report()).split("Labels</h2>")[1].split("</section>")[0]


def test_what_a_pull_request_changes_is_listed(report, finished):
    run = replace(
        finished, changed={"definition": "~ step Train: epochs 20 -> 25", "data": "the champion's, ab"}
    )
    text = markdown.render(report(run))
    assert "### What changes\n\n- definition:" in text
    assert "epochs 20" in html.render(report(run))


def test_time_and_cost_are_estimated_from_dated_prices(report, finished):
    steps = (
        Step("Prepare", "Succeeded", 3600.0, cache_hit=True, instance_type="ml.m5.large"),
        Step("Train", "Succeeded", 1800.0, instance_type="ml.c5.xlarge"),
        Step("Register", "Succeeded", 1.0),
    )
    said = report(replace(finished, steps=steps)).effort
    assert said.startswith(f"The steps took 1 h 30 min, about $0.10 at prices of {prices.DATE}")


def test_a_machine_without_a_price_is_named_and_not_guessed(report, finished):
    steps = (Step("Train", "Succeeded", 60.0, instance_type="ml.x9.huge"),)
    said = report(replace(finished, steps=steps)).effort
    assert said.endswith("has none for ml.x9.huge.")
    assert "$" not in said


def test_the_page_shows_the_most_confident_mistakes_and_the_comment_none_of_the_texts(
    report, evaluation, finished
):
    document = evaluation()
    document["candidate"]["mistakes"] = [
        {"text": f"{HOSTILE} was lovely", "labels": ["bad"], "given": ["good"], "confidence": 0.98765}
    ]
    built = report(finished, document)
    section = html.render(built).split("The most confident mistakes</h2>")[1].split("</section>")[0]
    assert "<td>bad</td>" in section
    assert "<td>good</td>" in section
    assert "<td>0.988</td>" in section
    assert "<script>" not in section
    assert "was lovely" not in markdown.render(built)
    assert "most confident mistakes" not in html.render(report())
