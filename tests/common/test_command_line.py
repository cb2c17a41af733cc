"""What the command lines have in common: what a shell completes, and how a question is answered."""

import gc

import pytest
import typer
from typer.testing import CliRunner

from model_common.cli.command_line import application, confirmed, names_in, start

app = application("shop", "A shop.", "")


@app.command()
def sell(what: str = typer.Option(..., "--what", autocompletion=names_in("goods"))) -> None: ...


@app.command()
def sweep() -> None:
    typer.echo("swept" if confirmed("Sweep?") else "left")


def completed(words):
    *before, _last = words.split(" ")
    asked = {"_SHOP_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(before))}
    return CliRunner().invoke(app, env=asked, prog_name="shop").stdout.split()


def test_a_shell_completes_commands_options_and_the_names_of_files(tmp_path, monkeypatch):
    (tmp_path / "goods").mkdir()
    for name in ("shirt.yaml", "shoes.yaml", "shelf.txt"):
        (tmp_path / "goods" / name).touch()
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert completed("shop s") == ["sell", "sweep"]
    assert completed("shop sell --wh") == ["--what"]
    assert completed("shop sell --what sh") == ["shirt", "shoes"]


def test_a_console_script_rarely_searches_for_garbage_among_what_it_imports(monkeypatch):
    before, searches, imported = gc.get_threshold(), [], []
    own = application("shop", "A shop.", "")

    @own.command()
    def load():
        gc.callbacks.append(lambda phase, about: searches.append(phase))
        imported.extend([] for _ in range(100_000))
        gc.callbacks.pop()

    monkeypatch.setattr("sys.argv", ["shop", "load"])
    try:
        with pytest.raises(SystemExit) as ended:
            start(own)
    finally:
        gc.set_threshold(*before)
    assert (ended.value.code, len(imported)) == (0, 100_000)
    assert searches.count("start") <= 3


@pytest.mark.parametrize(("typed", "done"), [("y\n", "swept"), ("n\n", "left"), ("", "left")])
def test_a_question_that_nobody_answers_is_answered_with_no(typed, done):
    asked = CliRunner().invoke(app, ["sweep"], input=typed)
    assert (asked.exit_code, asked.stdout.split()[-1]) == (0, done)
    assert "Aborted" not in asked.output


def test_where_there_is_no_folder_nothing_is_offered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert completed("shop sell --what ") == []
