"""What fails inside the server reaches a terminal as one line; the traceback is in a file."""

import logging
import threading

import pytest

from local_aws.kernel.http import server_log
from local_aws.kernel.http.connections import LimitedServer


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def fail():
    raise KeyError("a name")


def test_an_error_is_one_line_that_names_the_file_with_its_traceback(capsys):
    with server_log.in_words() as log:
        try:
            fail()
        except KeyError:
            logging.getLogger("local_aws.anything").exception("%s failed", "CreateModel")
        logging.getLogger("elsewhere").warning("said in one line")
    words = capsys.readouterr().err
    assert words.splitlines() == [
        f"local-aws: CreateModel failed (KeyError: 'a name'). Details: {log.file}",
        "local-aws: said in one line",
    ]
    assert "in fail" in log.file.read_text()
    assert log.file.stat().st_mode & 0o077 == 0


def test_an_error_of_a_thread_is_one_line(capsys):
    hook = threading.excepthook
    with server_log.in_words() as log:
        thread = threading.Thread(target=fail, name="evaluator")
        thread.start()
        thread.join()
    assert threading.excepthook is hook
    assert capsys.readouterr().err.startswith(
        "local-aws: evaluator of the embedded AWS failed (KeyError: 'a name')"
    )
    assert "in fail" in log.file.read_text()


def test_nothing_is_kept_where_nothing_fails(capsys):
    with server_log.in_words() as log:
        logging.getLogger("local_aws").info("no news")
    assert log.file is None
    assert capsys.readouterr().err == ""


def test_an_error_of_a_connection_is_one_line_and_a_client_that_goes_away_is_none(capsys):
    server = LimitedServer("127.0.0.1", 0, None)
    try:
        with server_log.in_words():
            for error in (BrokenPipeError(), ConnectionResetError(), ValueError("odd")):
                try:
                    raise error
                except (OSError, ValueError):
                    server.handle_error(None, ("127.0.0.1", 1))
            server.log("error", "Error on request:\nTraceback ...")
    finally:
        server.server_close()
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("local-aws: A connection ended (ValueError: odd). Details: ")
    assert second.startswith("local-aws: Error on request. Details: ")
