"""Every command line in the documentation is one that its program takes: the command, its options and its arguments exist."""

import re
import shlex
from pathlib import Path

import click
import pytest
import typer

from local_aws import cli as local_aws
from model_build import cli as model_build
from model_deploy import cli as model_deploy
from project_template import cli as project_template

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("*/README.md")), *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = {
    "model-build": typer.main.get_command(model_build.app),
    "model-deploy": typer.main.get_command(model_deploy.app),
    "project-template": typer.main.get_command(project_template.app),
    "local-aws": typer.main.get_command(local_aws.app),
}
BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:model-build|model-deploy|project-template|local-aws) [a-z][^`]*)`")


def commands(page):
    """The command lines of a page, each as words without its comment and what the shell does with it."""
    text = page.read_text(encoding="utf-8")
    lines = [line for block in BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    lines += [" ".join(found.split()) for found in INLINE.findall(BLOCK.sub("", text))]
    for line in lines:
        line = re.sub(r"^\$ |^eval \"\$\(|\)\"(?= |$)|\$\(|\)$", "", line.strip()).replace(".venv/bin/", "")
        if line.split(" ")[0] in PROGRAMS and not re.search(r"[|·]", line):
            yield [word for word in shlex.split(line, comments=True) if word not in ("&", "...")]


FOUND = [(page.relative_to(ROOT), words) for page in PAGES for words in commands(page)]


def check(words):
    """Raises click.UsageError where the program does not take the words."""
    name, *rest = words
    program = PROGRAMS[name]
    if not rest or rest[0].startswith("-"):
        return
    command = program.commands.get(rest[0])
    if command is None:
        raise click.UsageError(f"{name} has no command {rest[0]}")
    if name == "local-aws" and rest[0] == "exec" and "--" in rest:
        inner = rest[rest.index("--") + 1 :]
        if inner and inner[0] in PROGRAMS:
            check(inner)
    options = {option: each for each in command.params for option in each.opts}
    for word in rest[1 : rest.index("--") if "--" in rest else None]:
        if word.startswith("--") and word.partition("=")[0] not in options:
            raise click.UsageError(f"{name} {rest[0]} has no option {word}")


def test_the_pages_have_commands_of_every_program():
    assert {words[0] for _, words in FOUND} == set(PROGRAMS)
    assert len(FOUND) > 60


@pytest.mark.parametrize("page", sorted({str(page) for page, _ in FOUND}))
def test_every_command_line_of_a_page_is_one_that_its_program_takes(page):
    wrong = []
    for where, words in FOUND:
        if str(where) == page:
            try:
                check(words)
            except click.UsageError as error:
                wrong.append(f"{shlex.join(words)}: {error.message}")
    assert wrong == []


def test_a_command_that_does_not_exist_would_be_found():
    with pytest.raises(click.UsageError, match="has no command"):
        check(["model-build", "fly"])
    with pytest.raises(click.UsageError, match="has no option --speed"):
        check(["local-aws", "exec", "--", "model-build", "run", "--speed", "9"])
