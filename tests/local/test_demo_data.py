"""Where the demonstration's reviews come from, in order, and what it says when there are none."""

import pytest
import requests

from local_aws.demo import data as demo_data
from local_aws.errors import DataUnavailableError, UsageError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "sagemaker-project-template"


def source(name, fetch):
    return demo_data._Source(name, "a-recipe", f"{name}.csv", fetch)


def unreachable():
    raise requests.ConnectionError


def test_a_file_that_was_asked_for_comes_first(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("x")
    assert demo_data.find(file, "my-recipe", print) == demo_data.Dataset(file, "my-recipe", str(file))


def test_a_file_that_is_not_there_is_a_usage_error_naming_it(tmp_path):
    with pytest.raises(UsageError, match="nowhere"):
        demo_data.find(tmp_path / "nowhere.csv", None, print)


def test_a_download_is_kept_and_found_again_without_the_network(monkeypatch, cache):
    monkeypatch.setattr(demo_data, "_SOURCES", (source("one", lambda: b"text"),))
    first = demo_data.find(None, None, print)
    monkeypatch.setattr(demo_data, "_SOURCES", (source("one", unreachable),))
    second = demo_data.find(None, None, print)
    assert first.path == second.path == cache / "one.csv"
    assert second.path.read_bytes() == b"text"
    assert "kept in" in second.source


def test_the_next_source_is_taken_when_one_cannot_be_had_and_it_says_so(monkeypatch):
    monkeypatch.setattr(demo_data, "_SOURCES", (source("far", unreachable), source("near", lambda: b"text")))
    said = []
    assert "near" in demo_data.find(None, None, said.append).source
    assert said == ["Not to be had here: far (ConnectionError)"]


def test_no_source_at_all_is_a_clear_failure_that_names_each_and_the_way_out(monkeypatch):
    monkeypatch.setattr(demo_data, "_SOURCES", (source("far", unreachable), source("farther", unreachable)))
    with pytest.raises(
        DataUnavailableError, match=r"far: ConnectionError; farther: ConnectionError.*--data FILE"
    ):
        demo_data.find(None, None, lambda line: None)


def test_a_source_for_the_recipe_comes_first_and_any_other_after_it(monkeypatch):
    far = demo_data._Source("far", "other", "far.csv", unreachable)
    near = demo_data._Source("near", "other", "near.csv", lambda: b"text")
    monkeypatch.setattr(demo_data, "_SOURCES", (source("first", lambda: b"text"), far, near))
    said: list[str] = []
    assert demo_data.find(None, "a-recipe", said.append).path.name == "first.csv"
    assert demo_data.find(None, "other", said.append).path.name == "near.csv"
    assert said == ["Not to be had here: far (ConnectionError)"]
    assert demo_data.find(None, "unknown", said.append).path.name == "first.csv"
