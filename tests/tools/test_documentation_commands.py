"""Every command line in the documentation is one that its program takes, and is executed by a test or listed with a reason."""

import shlex

import click
import pytest
from documentation import (
    NOT_EXECUTED,
    PAGES,
    PROGRAMS,
    PYTHON_RUN_BY,
    ROOT,
    blocks,
    commands,
    mentions,
    name,
    words,
)
from programs import check

FOUND = [
    (name(page), parsed)
    for page in PAGES
    for line in (*commands(page), *mentions(page))
    if (parsed := words(line)) is not None
]


def test_the_pages_have_commands_of_every_program():
    assert {parsed[0] for _, parsed in FOUND} == set(PROGRAMS)
    assert len(FOUND) > 60


@pytest.mark.parametrize("page", sorted({page for page, _ in FOUND}))
def test_every_command_line_of_a_page_is_one_that_its_program_takes(page):
    wrong = []
    for where, parsed in FOUND:
        if where == page:
            try:
                check(parsed)
            except click.UsageError as error:
                wrong.append(f"{shlex.join(parsed)}: {error.message}")
    assert wrong == []


def test_a_command_that_does_not_exist_would_be_found():
    with pytest.raises(click.UsageError, match="has no command"):
        check(["model-build", "fly"])
    with pytest.raises(click.UsageError, match="has no option --speed"):
        check(["local-aws", "exec", "--", "model-build", "run", "--speed", "9"])


def test_a_block_of_commands_says_that_it_is_one():
    for page in PAGES:
        for language, text in blocks(page):
            if language not in ("console", "bash"):
                begun = [line for line in text.splitlines() if line.split(" ")[0] in {*PROGRAMS, "$", "make"}]
                assert begun == [], name(page)


def test_what_is_listed_as_not_executed_is_in_the_documentation():
    shown = {(name(page), command) for page in PAGES for command in commands(page)}
    assert set(NOT_EXECUTED) - shown == set()


def test_every_page_with_commands_is_run_by_a_test():
    run = (ROOT / "tests" / "e2e" / "test_documentation.py").read_text(encoding="utf-8")
    missing = [
        name(page)
        for page in PAGES
        if any((name(page), command) not in NOT_EXECUTED for command in commands(page))
        and f'"{name(page)}"' not in run
    ]
    assert missing == ["docs/first-model.md"]  # by tests/e2e/test_first_model.py


def test_every_page_with_python_is_run_by_a_test():
    shown = {name(page) for page in PAGES for language, _ in blocks(page) if language == "python"}
    assert shown == set(PYTHON_RUN_BY)
    tests = {page: (ROOT / test).read_text(encoding="utf-8") for page, test in PYTHON_RUN_BY.items()}
    assert [page for page, test in tests.items() if page.rpartition("/")[2] not in test] == []
