"""What the pages show of an account, asked of a server; and what they say where there is nothing, or no such thing."""

import pytest
import requests

HOSTILE = "<script>alert(1)</script>"
SHOWN = "&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.fixture
def pipeline(pipelines):
    """The name of a pipeline that fails at once, saying something hostile."""
    step = {"Name": "Fail", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Parameters.Why"}}}
    parameter = {"Name": "Why", "Type": "String", "DefaultValue": HOSTILE}
    return pipelines.add(step, parameters=[parameter])


def test_a_pipeline_is_listed_with_the_state_of_its_last_run(browser, pipelines, pipeline):
    assert "never ran" in browser.page("pipelines")
    assert "It never ran" in browser.page("pipelines", pipeline)
    pipelines.run(pipeline)
    assert "Failed" in browser.page("pipelines")


def test_an_execution_is_drawn_with_the_states_of_its_steps(browser, pipelines, pipeline):
    identity = pipelines.run(pipeline)
    text = browser.page("pipelines", pipeline)
    assert 'aria-label="Fail: Failed"' in text
    assert identity in text
    assert HOSTILE not in text and SHOWN in text
    assert browser.page("pipelines", pipeline, identity).count('aria-current="true"') == 1


def test_versions_stand_side_by_side_with_the_best_figures_marked(browser, registry):
    registry.add(macro_f1=0.8, log_loss=0.4)
    registry.add(macro_f1=0.7, log_loss=0.3)
    text = browser.page("registry", registry.aws.group)
    assert text.index("Version 2") < text.index("Version 1")
    assert "macro f1" in text and "0.8000" in text and "clothing-reviews" in text
    best = [cell.partition("<")[0] for cell in text.split('number best">')[1:]]
    assert best == ["0.3000", "0.8000"]


def test_a_version_shows_its_gate_and_metrics_escaped(browser, registry):
    registry.add(macro_f1=0.8, **{HOSTILE: 0.5})
    text = browser.page("registry", registry.aws.group, 1)
    assert "macro_f1 of version 1 &lt;b&gt;suffices&lt;/b&gt;" in text
    assert HOSTILE not in text and "&lt;script&gt;" in text


def test_an_approval_that_was_made_elsewhere_is_seen_in_the_list(aws, browser, registry):
    arn = registry.add(macro_f1=0.8)
    assert "Pending approval" in browser.page("registry", aws.group)
    aws.client("sagemaker").update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Rejected", ApprovalDescription=HOSTILE
    )
    assert "Rejected" in browser.page("registry", aws.group)
    assert SHOWN in browser.page("registry", aws.group, 1)


def test_an_empty_group_says_what_to_type(aws, browser):
    assert "model-build run" in browser.page("registry", aws.group)


@pytest.mark.parametrize(
    "path",
    [
        ("nowhere",),
        ("registry", "no-such-group"),
        ("registry", "no-such-group", "1"),
        ("pipelines", "no-such-pipeline"),
        ("stages", "no-such-endpoint"),
        ("projects", "no-such-project"),
        ("repositories", "acme", "none"),
    ],
)
def test_what_is_not_there_is_answered_in_one_sentence(browser, path):
    answer = browser.get(*path)
    assert answer.status_code == 404, answer.text
    [said] = [line for line in answer.text.splitlines() if 'role="alert"' in line]
    assert "Traceback" not in answer.text and len(said) < 400


def test_an_open_page_hears_of_a_change(aws, browser, registry):
    arn = registry.add(macro_f1=0.8)
    address = f"{browser.address}registry/{aws.group}/1"
    with requests.get(address, params={"live": "1"}, stream=True, timeout=30) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        lines = stream.iter_lines(decode_unicode=True)
        assert next(line for line in lines if "Pending approval" in line).startswith("data: ")
        aws.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
        assert next(line for line in lines if "Approved" in line).startswith("data: ")


def test_long_lists_are_paged(browser, aws, registry):
    sagemaker = aws.client("sagemaker")
    for _ in range(21):
        sagemaker.create_model_package(ModelPackageGroupName=aws.group)
    text = browser.page("registry", aws.group)
    assert "Version 21" in text and "Version 1<" not in text
    older = text.split('<p class="more"><a href="')[1].partition('"')[0].replace("&amp;", "&")
    assert "Version 1<" in requests.get(browser.origin + older, timeout=30).text
