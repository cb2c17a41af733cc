"""What is shown on the page of a GitHub Actions run."""

from pathlib import Path

import pytest

from model_common.cli import summary
from model_common.errors import SettingsError


@pytest.fixture
def environment(tmp_path):
    return {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}


def read(environment):
    return Path(environment["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8")


def test_what_is_appended_follows_what_was_there(environment):
    summary.append(environment, "# one\n")
    summary.append(environment, "# two\n")
    assert read(environment) == "# one\n\n# two\n\n"


def test_more_than_github_shows_is_cut_between_characters_and_it_says_so(environment):
    summary.append(environment, "\N{SNOWMAN}" * 400_000)
    shown = read(environment)
    assert len(shown.encode()) < 1024 * 1024
    assert shown.rstrip().endswith("(cut: GitHub shows no more)")
    assert shown.startswith("\N{SNOWMAN}")


def test_a_block_holds_whatever_is_in_it():
    assert summary.block("Plan", ["a ``` b", "<b>"]) == "## Plan\n\n````text\na ``` b\n<b>\n````\n"


@pytest.mark.parametrize("environment", [{}, {"GITHUB_STEP_SUMMARY": ""}], ids=["missing", "empty"])
def test_outside_of_github_actions_there_is_no_summary(environment):
    with pytest.raises(SettingsError, match="GITHUB_STEP_SUMMARY names, and that is not set"):
        summary.append(environment, "x")


@pytest.mark.parametrize(("more", "cut"), [(0, False), (1, True)], ids=["the most", "one more"])
def test_the_most_that_github_shows_is_not_cut(environment, more, cut):
    summary.append(environment, "x" * (1024 * 1024 - 1024 + more))
    assert ("(cut:" in read(environment)) is cut


@pytest.mark.parametrize(
    ("lines", "fence"),
    [([], "```"), (["`` two"], "```"), (["``` a ````` b"], "``````")],
    ids=["none", "two", "five"],
)
def test_a_fence_is_longer_than_any_in_the_block(lines, fence):
    text = "\n".join(lines)
    assert summary.block("T", lines, level=4) == f"#### T\n\n{fence}text\n{text}\n{fence}\n"


ACTIONS = {"GITHUB_ACTIONS": "true"}


def test_an_error_on_the_page_of_a_run_is_one_line_that_github_unescapes(capsys):
    summary.annotate(ACTIONS, "error: 100% of\r\n  - it: a::b")
    # GitHub's escapes of a workflow command's message: %25, %0D and %0A.
    assert capsys.readouterr().out == "::error::error: 100%25 of%0D%0A  - it: a::b\n"


@pytest.mark.parametrize("variables", [{}, {"GITHUB_ACTIONS": ""}, {"GITHUB_ACTIONS": "false"}])
def test_elsewhere_an_error_is_on_no_page(capsys, variables):
    summary.annotate(variables, "error: no")
    assert capsys.readouterr().out == ""


def test_outputs_of_a_step_are_appended_one_line_for_each(tmp_path):
    path = tmp_path / "output"
    path.write_text("before=1\n")
    variables = {"GITHUB_OUTPUT": str(path)}
    summary.set_output(variables, "url", "https://example.com/ä")
    summary.set_output(variables, "text", " two\n  lines\tand=more ")
    assert (
        path.read_text(encoding="utf-8") == "before=1\nurl=https://example.com/ä\ntext=two lines and=more\n"
    )


@pytest.mark.parametrize("variables", [{}, {"GITHUB_OUTPUT": ""}])
def test_elsewhere_a_step_has_no_outputs(tmp_path, monkeypatch, variables):
    monkeypatch.chdir(tmp_path)
    summary.set_output(variables, "url", "x")
    assert list(tmp_path.iterdir()) == []
