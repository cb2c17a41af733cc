"""The API's archive: its scripts and exactly one contract, equal bytes for equal content."""

import io
import os
import zipfile

import pytest

from model_deploy.core import archive
from model_deploy.errors import RefusedError, UsageError

CONTRACT = {"contract.json": b'{"version": 1}\n', "text_rules.py": b"def tokenise(text, rules): ...\n"}


@pytest.fixture
def api(tmp_path):
    folder = tmp_path / "api"
    folder.mkdir()
    (folder / "handler.py").write_text("def handle(event, context): ...\n")
    (folder / "request.py").write_text("PATH = '/classify'\n")
    return folder


def entries(made: archive.Archive) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(made.content)) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


def test_it_holds_the_scripts_and_beside_them_the_contract(api):
    held = entries(archive.build(api, CONTRACT))
    shared = {name: held.pop(name) for name in sorted(held) if name.startswith("model_common/")}
    assert list(shared) == ["model_common/__init__.py", "model_common/serving.py"]
    assert held == CONTRACT | {
        "handler.py": b"def handle(event, context): ...\n",
        "request.py": b"PATH = '/classify'\n",
    }


def test_the_repositorys_own_archive_has_the_handler_that_the_function_runs(repository):
    assert b"def handle(event" in entries(archive.build(repository / "api", CONTRACT))["handler.py"]


def test_equal_content_is_an_equal_archive_whatever_lies_around(api):
    first = archive.build(api, CONTRACT)
    (api / "__pycache__").mkdir()
    (api / "__pycache__" / "handler.cpython-311.pyc").write_bytes(b"x")
    (api / "notes.txt").write_text("to do")
    (api / "handler.py").chmod(0o700)
    os.utime(api / "handler.py", (0, 0))
    assert archive.build(api, dict(reversed(CONTRACT.items()))) == first


def test_another_contract_is_another_archive_under_another_key(api):
    first, second = archive.build(api, CONTRACT), archive.build(api, CONTRACT | {"contract.json": b"{}"})
    assert first.key("staging") != second.key("staging")
    assert first.key("staging") == f"code/deploy/staging/{first.sha256}/api.zip"


@pytest.mark.parametrize(
    ("contract", "found"),
    [
        ({}, "this one holds nothing"),
        ({"contract.json": b"{}"}, r"this one holds contract\.json\."),
        (CONTRACT | {"handler.py": b""}, r"this one holds contract\.json, handler\.py, text_rules\.py\."),
    ],
)
def test_what_is_no_whole_contract_is_refused(api, contract, found):
    with pytest.raises(RefusedError, match=found):
        archive.build(api, contract)


def test_a_missing_handler_says_where_it_belongs(tmp_path):
    with pytest.raises(UsageError, match=r"There is no .*handler\.py.* --root"):
        archive.build(tmp_path, CONTRACT)


def test_lambda_can_read_what_is_unpacked(api):
    with zipfile.ZipFile(io.BytesIO(archive.build(api, CONTRACT).content)) as zipped:
        assert {entry.external_attr >> 16 & 0o777 for entry in zipped.infolist()} == {0o644}
