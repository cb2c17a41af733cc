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
