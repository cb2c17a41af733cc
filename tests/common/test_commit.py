"""The commit that goes on the model package."""

import subprocess

import pytest

from model_common.commit import UNKNOWN, commit


@pytest.fixture
def repository_with_a_commit(tmp_path):
    def git(*arguments):
        command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "--quiet")
    (tmp_path / "recipe.yaml").write_text("name: x\n")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    return tmp_path, git("rev-parse", "HEAD")


def test_a_clean_tree_is_its_commit(repository_with_a_commit):
    root, head = repository_with_a_commit
    assert commit(root, {}) == head


@pytest.mark.parametrize("name", ["recipe.yaml", "new.yaml"])
def test_a_tree_that_differs_is_marked(repository_with_a_commit, name):
    root, head = repository_with_a_commit
    (root / name).write_text("name: y\n")
    assert commit(root, {}) == f"{head}-dirty"


def test_ci_says_what_it_checked_out(repository_with_a_commit):
    root, _ = repository_with_a_commit
    assert commit(root, {"GITHUB_SHA": "abc"}) == "abc"


def test_without_a_repository_the_commit_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit(tmp_path, {}) == UNKNOWN


def test_without_git_the_commit_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit(tmp_path, {}) == UNKNOWN
