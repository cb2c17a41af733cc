"""The serving contract: nothing of it is read before its hash is known, and its code runs with nothing to lose."""

import json
import os
import socket

import pytest

from model_deploy.core.model_package import contract, text_rules
from model_deploy.errors import RefusedError

STATED = {
    "version": 1,
    "recipe": "reviews",
    "labels": ["bad", "good"],
    "multi_label": False,
    "threshold": None,
    "text_rules": {"lowercase": True},
}


def files(code):
    return {"contract.json": json.dumps(STATED).encode(), "text_rules.py": code.encode()}


def opened(code):
    stored = files(code)
    return contract.open_files(stored, contract.folder_sha256(stored), "the contract")


def test_the_rules_make_a_line_of_tokens_of_each_text():
    made = opened("def tokenise(text, rules): return text.lower() if rules['lowercase'] else text")
    assert made.tokens(["Lovely\nDress ", "", "\ud83d"]) == ["lovely dress", "", "?"]
    assert made.tokens_of_cases(["Lovely"]) == ["lovely"]
    assert made.tokens([]) == []


@pytest.mark.parametrize("name", ["text_rules.py", "contract.json", "more.py"])
def test_a_contract_with_another_hash_is_not_read(name, tmp_path):
    meant = files("def tokenise(text, rules): return text")
    changed = meant | {name: b"{ neither JSON nor Python"}
    with pytest.raises(RefusedError, match="was changed since it was registered") as caught:
        contract.open_files(changed, contract.folder_sha256(meant), "the contract")
    assert contract.folder_sha256(meant) in caught.value.message
    assert contract.folder_sha256(changed) in caught.value.message


def test_a_contract_that_lacks_a_file_says_which():
    meant = files("")
    with pytest.raises(RefusedError, match=r"There is no text_rules\.py"):
        contract.open_files(
            {"contract.json": meant["contract.json"]}, contract.folder_sha256(meant), "the contract"
        )


def test_opening_a_contract_runs_none_of_it(capfd):
    opened("print('owned')\nraise SystemExit(3)")
    assert "owned" not in capfd.readouterr().out


def told(code):
    """What the rules answer to one text."""
    return opened(code).tokens(["a"])[0]


def test_the_rules_see_no_environment(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    seen = told("import os\ndef tokenise(text, rules): return ' '.join(os.environ)")
    # Python itself sets its locale.
    assert set(seen.split()) <= {"LC_CTYPE"}


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import boto3", "No module named 'boto3'"),
        ("import model_deploy", "No module named 'model_deploy'"),
        ("import os\nopen(f'/proc/{os.getppid()}/environ').read()", "text rules open no file"),
        ("import os\nos.open('HERE', os.O_RDONLY)", "text rules open no file"),
        ("import pathlib\npathlib.Path('HERE').read_text()", "text rules open no file"),
        ("import os\nos.listdir('/')", "text rules list no folder"),
        ("open('owned', 'w')", "text rules open no file"),
        ("import os\nos.system('touch owned')", "text rules do not use os.system"),
        ("import os\nos.fork()", "text rules do not use os.fork"),
        ("import os\nos.kill(os.getppid(), 9)", "text rules do not use os.kill"),
        ("import subprocess\nsubprocess.run(['id'])", "text rules do not use subprocess.Popen"),
        ("import ctypes\nctypes.CDLL(None)", "text rules do not use ctypes"),
        ("import socket\nsocket.create_connection(('127.0.0.1', PORT))", "text rules do not use socket"),
        (
            "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:PORT/')",
            "text rules do not use urllib",
        ),
    ],
)
def test_the_rules_reach_no_credentials_no_files_no_network_and_no_programs(code, why, tmp_path, monkeypatch):
    here = tmp_path / "credentials"
    here.write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        port = str(server.getsockname()[1])
        body = code.replace("HERE", str(here)).replace("PORT", port).replace("\n", "\n    ")
        with pytest.raises(RefusedError) as caught:
            told(f"def tokenise(text, rules):\n    {body}\n    return text")
        with pytest.raises(BlockingIOError):
            server.accept()
    assert why in caught.value.message
    assert not os.path.exists("owned")  # noqa: PTH110


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("raise ValueError('no luck')", "ValueError: no luck"),
        ("def tokenise(text, rules) return", "SyntaxError"),
        ("def other(): pass", "KeyError: 'tokenise'"),
        ("def tokenise(text, rules): return 7", "AttributeError"),
        ("def tokenise(text, rules): return rules['unknown']", "KeyError: 'unknown'"),
        ("def tokenise(text, rules): raise SystemExit(0)", "SystemExit"),
        ("import os\nos._exit(0)", "no answer that can be read"),
        ("import os\ndef tokenise(text, rules): os.abort()", "no answer that can be read"),
        (
            "for n in range(3, 30):\n  try: __import__('os').write(n, b'[1]')\n  except OSError: pass",
            "no answer",
        ),
        ("def tokenise(text, rules): return 'x' * 10**8", "no answer that can be read"),
    ],
)
def test_rules_that_do_not_work_are_refused_saying_why(code, why):
    with pytest.raises(RefusedError, match=r"text_rules\.py cannot be used") as caught:
        told(code)
    assert why in caught.value.message


def test_what_the_rules_print_is_no_answer():
    code = "import os, sys\nprint('[')\nsys.stderr.write('x')\nos.write(1, b'garbage')\n"
    assert told(f"{code}def tokenise(text, rules): print('more'); return 'fine'") == "fine"


@pytest.mark.parametrize("code", ["while True: pass", "__import__('time').sleep(1000)"])
def test_rules_that_hang_are_ended(monkeypatch, code):
    monkeypatch.setattr(text_rules, "SECONDS", 1)
    with pytest.raises(RefusedError, match=r"took longer than 1 seconds|took too long"):
        told(f"def tokenise(text, rules):\n    {code}")


def test_rules_that_eat_memory_are_ended():
    with pytest.raises(RefusedError, match=r"MemoryError|no answer that can be read"):
        told("def tokenise(text, rules): return str([0] * 10**9)")
