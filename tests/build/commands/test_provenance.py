"""Which pull request a commit merged, as GitHub says, and who gets to know without asking."""

import pytest

from model_build.commands.pull_requests import provenance
from model_build.core.provenance import Provenance
from model_build.errors import SettingsError, UsageError
from model_build.github import Comment, GitHub, Merged

COMMIT = "a" * 40
VARIABLES = {
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_REPOSITORY": "o/n",
    "GITHUB_TOKEN": "token",
    "GITHUB_SHA": COMMIT,
    "GITHUB_ACTOR": "pusher",
}


def pull(number, merged_at="2026-11-30T10:00:00Z", commit=COMMIT, **changes):
    return {
        "number": number,
        "merged_at": merged_at,
        "merge_commit_sha": commit,
        "user": {"login": "eve"},
    } | changes


@pytest.fixture
def github(monkeypatch):
    """GitHub, which answers every request with what was planned; the requests are noted."""
    client = GitHub("https://api.github.com", "o/n", "token")
    client.asked, client.answer = [], []

    def call(_, method, url, body=None):
        client.asked.append((method, url, body))
        return client.answer, {}

    monkeypatch.setattr(GitHub, "_call", call)
    return client


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ([], None),
        ([pull(7)], Merged(7, "eve")),
        ([pull(7, merged_at=None)], None),
        ([pull(7, commit="b" * 40)], None),
        ([pull(6, commit="b" * 40), pull(7)], Merged(7, "eve")),
        ([pull(7, user=None)], Merged(7, "")),
    ],
    ids=["pushed", "merged", "closed", "a commit of the branch", "of several", "by a deleted user"],
)
def test_a_commit_was_made_by_merging_where_it_is_the_merge_commit(github, answer, found):
    github.answer = answer
    assert github.merged(COMMIT) == found
    assert github.asked == [
        ("GET", f"https://api.github.com/repos/o/n/commits/{COMMIT}/pulls?per_page=100", None)
    ]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ([pull(7)], Provenance(7, "eve")),
        ([], Provenance(None, "pusher")),
        ([pull(7, user=None)], Provenance(7, "")),
    ],
)
def test_the_author_is_that_of_the_pull_request_or_who_pushed(github, answer, found):
    github.answer = answer
    assert provenance.of(VARIABLES, ask=True) == found


@pytest.mark.parametrize(("actor", "author"), [("pusher", "pusher"), ("  pusher ", "pusher"), ("", "")])
def test_nobody_is_asked_who_pushed(github, actor, author):
    assert provenance.of({"GITHUB_ACTOR": actor}, ask=False) == Provenance(None, author)
    assert provenance.of({}, ask=False) == Provenance()
    assert github.asked == []


@pytest.mark.parametrize("commit", ["", "  "])
def test_without_a_commit_there_is_nothing_to_ask(github, commit):
    with pytest.raises(
        UsageError, match=r"^--merged asks GitHub about the commit GITHUB_SHA, which is not set\."
    ):
        provenance.of(VARIABLES | {"GITHUB_SHA": commit}, ask=True)
    with pytest.raises(SettingsError, match=r"^Not set: GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN\."):
        provenance.of({}, ask=True)
    assert github.asked == []


@pytest.mark.parametrize(
    ("fields", "trusted"),
    [
        ({"user": {"type": "Bot"}, "author_association": "NONE"}, True),
        ({"user": {"type": "User"}, "author_association": "NONE"}, False),
        ({"user": {"type": "User"}, "author_association": "CONTRIBUTOR"}, False),
        ({"user": {"type": "User"}, "author_association": "FIRST_TIMER"}, False),
        ({"user": {"type": "User"}, "author_association": "OWNER"}, True),
        ({"user": {"type": "User"}, "author_association": "MEMBER"}, True),
        ({"user": {"type": "User"}, "author_association": "COLLABORATOR"}, True),
        ({"user": None}, False),
    ],
)
def test_a_comment_is_trusted_if_a_bot_or_a_member_wrote_it(github, fields, trusted):
    github.answer = {"id": 5, "body": None, "html_url": "https://x/5", **fields}
    assert github.create(7, "text") == Comment(5, "", "https://x/5", trusted)
    assert github.asked == [("POST", "https://api.github.com/repos/o/n/issues/7/comments", {"body": "text"})]


def test_a_comment_is_edited_by_its_number(github):
    github.answer = {"id": 5, "body": "new", "html_url": "https://x/5"}
    assert github.edit(Comment(5, "old", "https://x/5", True), "new").body == "new"
    assert github.asked == [("PATCH", "https://api.github.com/repos/o/n/issues/comments/5", {"body": "new"})]
