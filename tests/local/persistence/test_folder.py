"""The folder of `local-aws up --state`: whose it may be, what is refused, and that the last whole state stays."""

import json

import pytest
from typer.testing import CliRunner

from local_aws import cli
from local_aws.errors import UsageError
from local_aws.persistence import folder as folders
from local_aws.persistence.folder import StateFolder, remove
from local_aws.persistence.pickling import StateError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def folder(path):
    made = StateFolder(path, 5600)
    yield made
    made.close()


def save(folder, data, *contents):
    state = folder.begin()
    names = [folder.put(content) for content in contents]
    folder.finish(state, data)
    return names


def reopened(path, port=None):
    again = StateFolder(path, port)
    again.close()
    return again


def test_the_port_and_the_access_keys_stay_from_the_first_start_on(path):
    first, second = reopened(path, 5600), reopened(path)
    assert (second.port, second.keys) == (first.port, first.keys)
    assert first.port == 5600


def test_another_port_is_refused_because_addresses_hold_it(path):
    reopened(path, 5600)
    with pytest.raises(UsageError, match=r"at port 5600, not 5601\. Leave --port out"):
        StateFolder(path, 5601)


def test_a_state_of_another_version_is_refused_with_both_names(path, monkeypatch):
    reopened(path)
    written = folders.fingerprint()
    monkeypatch.setattr(folders, "fingerprint", lambda: "local-aws 9.9 on Python 4")
    with pytest.raises(UsageError) as error:
        StateFolder(path, None)
    assert written in str(error.value)
    assert "local-aws 9.9 on Python 4" in str(error.value)
    assert f"local-aws reset {path}" in str(error.value)


def test_a_folder_that_a_server_uses_is_refused(folder, path):
    with pytest.raises(UsageError, match="another `local-aws up` uses it"):
        StateFolder(path, None)


def test_a_folder_with_other_things_is_neither_used_nor_removed(tmp_path):
    (tmp_path / "thesis.tex").write_text("three years")
    with pytest.raises(UsageError, match=r"holds something else \(thesis\.tex\)"):
        StateFolder(tmp_path, None)
    with pytest.raises(UsageError, match="nothing was removed"):
        remove(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_that_others_may_write_to_is_refused(path):
    path.mkdir()
    path.chmod(0o777)
    with pytest.raises(UsageError, match="chmod 700"):
        StateFolder(path, None)


def test_a_state_that_was_begun_and_never_finished_leaves_the_last_whole_one(folder):
    [large] = save(folder, b"first", b"large")
    begun = folder.begin()
    folder.put(b"half of it")
    (begun / "state").write_bytes(b"sec")
    assert folder.state_of(folder.last())[0] == b"first"
    assert folder.get(large) == b"large"


def test_contents_that_no_state_holds_any_more_are_removed_with_the_next_one(folder, path):
    [old, kept] = save(folder, b"first", b"old", b"kept")
    save(folder, b"second", b"kept")
    assert [each.name for each in (path / "blobs").iterdir()] == [kept]
    with pytest.raises(StateError, match="missing or damaged"):
        folder.get(old)


def test_a_damaged_content_is_no_content(folder, path):
    [name] = save(folder, b"first", b"content")
    (path / "blobs" / name).write_bytes(b"cont")
    with pytest.raises(StateError, match="missing or damaged"):
        folder.get(name)


def test_a_description_that_is_no_json_is_named(path):
    reopened(path)
    (path / "local-aws.json").write_text("{")
    with pytest.raises(UsageError, match=r"local-aws\.json cannot be read"):
        StateFolder(path, None)


def test_reset_removes_the_folder_and_says_how_to_begin_anew(path):
    reopened(path)
    done = CliRunner().invoke(cli.app, ["reset", str(path)])
    assert done.exit_code == 0
    assert done.output == f"Removed {path}. Next: local-aws up --state {path}\n"
    assert not path.exists()


def test_what_is_in_the_folder_is_for_its_owner_alone(path):
    reopened(path)
    assert json.loads((path / "local-aws.json").read_text())["keys"]
    assert (path / "local-aws.json").stat().st_mode & 0o077 == 0
    assert path.stat().st_mode & 0o077 == 0
