"""The commands that the tools' own messages name: each is one that its program takes, and each next step is run by a test.

The messages are found in the source, so that a new one is among them. What a message fills in counts as the word `1`.
"""

import ast
import re
import shlex

import click
import pytest
from documentation import PROGRAMS, ROOT
from programs import check, command_of

SOURCES = (
    "build/model_build",
    "build/steps",
    "common/model_common",
    "deploy/api",
    "deploy/model_deploy",
    "local/local_aws",
    "seed_code/functions",
    "seed_code/project_template",
)
NAMES = "|".join(PROGRAMS)
QUOTED = re.compile(rf"`((?:{NAMES}) [^`]+)`")
LAST = re.compile(rf"(?:^|: |\$\()((?:{NAMES}) -?[a-z][^`]*)$")
ANY = re.compile(rf"\b({NAMES}) ([a-z][a-z-]*)")

NEXT = re.compile(
    r"\b(?:Next\b[^:]*|The data can be trained on|.* a command against it|Or set a shell up once|Publish the template|Create a project): "
)
DOCUMENTATION = "tests/e2e/test_documentation.py"
RUN_BY = {
    ("build/model_build/cli/recipes.py", "Next"): f"{DOCUMENTATION}::test_train",
    (
        "build/model_build/commands/check_data.py",
        "The data can be trained on",
    ): f"{DOCUMENTATION}::test_train",
    (
        "build/model_build/commands/run.py",
        "Next",
    ): "tests/build/test_run.py::test_an_identical_rerun_registers_nothing_and_says_which_version_it_is",
    ("build/model_build/commands/approve.py", "Next"): f"{DOCUMENTATION}::test_deploy",
    (
        "build/model_build/report/markdown.py",
        "Next",
    ): "tests/build/test_models.py::test_the_next_step_of_a_registered_version_is_a_command_that_works",
    (
        "deploy/model_deploy/commands/rollout.py",
        "Next",
    ): "tests/deploy/test_rollout.py::test_production_takes_what_staging_has_verified_and_refuses_anything_else",
    ("local/local_aws/cli.py", "Next"): f"{DOCUMENTATION}::test_local_aws",
    ("local/local_aws/demo/__init__.py", "Next"): f"{DOCUMENTATION}::test_readme",
    ("local/local_aws/prepared.py", "Run a command against it"): f"{DOCUMENTATION}::test_local_aws",
    ("local/local_aws/prepared.py", "Or set a shell up once"): f"{DOCUMENTATION}::test_offline",
    ("local/local_aws/prepared.py", "Publish the template"): f"{DOCUMENTATION}::test_offline",
    ("local/local_aws/prepared.py", "Create a project"): f"{DOCUMENTATION}::test_offline",
    # What CloudFormation is asked next, which is no command.
    (
        "deploy/model_deploy/rollout/converge.py",
        "Next",
    ): "tests/deploy/test_rollout_meanwhile.py::test_the_same_rollout_twice_at_once_is_one_deployment",
}
"""Where a next step is printed, and the test that runs it as it is printed."""


def filled(node):
    """The text of a literal, with `1` for a word that it fills in, and nothing for what it appends to one."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    text = ""
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += part.value
        elif isinstance(part.value, ast.IfExp) and isinstance(part.value.body, ast.Constant):
            text += str(part.value.body.value)
        elif not text or not (text[-1].isalnum() or text[-1] in "}])"):
            text += "1"
    return text


def literals(tree):
    """The texts of a module, but for its docstrings."""
    passed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed |= {id(part) for part in node.values}
        elif isinstance(node, ast.Expr):
            passed.add(id(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in passed:
            yield filled(node)


def made(tree, program):
    """The command lines that a module makes of a list of words, or by the `command` of its workspace."""
    for node in ast.walk(tree):
        words = []
        if isinstance(node, ast.List):
            words = node.elts
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            words = [ast.Constant(program), *node.args] if called == "command" else []
        if len(words) > 1 and isinstance(words[0], ast.Constant) and words[0].value in PROGRAMS:
            plain = [each for each in words if not isinstance(each, ast.Starred)]
            yield [str(each.value) if isinstance(each, ast.Constant) else "1" for each in plain]


@pytest.fixture(scope="module")
def modules():
    """The path and the parsed text of each module that may name a command."""
    paths = [path for folder in SOURCES for path in sorted((ROOT / folder).rglob("*.py"))]
    sources = ((path, path.read_text(encoding="utf-8")) for path in paths)
    named = [(path, text) for path, text in sources if re.search(rf"{NAMES}|\bcommand\(|\bNext\b", text)]
    return [(path.relative_to(ROOT).as_posix(), ast.parse(text)) for path, text in named]


@pytest.fixture(scope="module")
def texts(modules):
    return [(path, text) for path, tree in modules for text in literals(tree) if ANY.search(text)]


@pytest.fixture(scope="module")
def lines(modules, texts):
    """Where a command line is named or made, and its words."""
    named = [(path, found) for path, text in texts for found in (*QUOTED.findall(text), *LAST.findall(text))]
    parsed = [(path, shlex.split(found.rstrip(")\"'"), comments=True)) for path, found in named]
    programs = {"build": "model-build", "deploy": "model-deploy"}
    return parsed + [
        (path, words)
        for path, tree in modules
        for words in made(tree, programs.get(path.split("/")[0], ""))
        if words[-1] != "--"  # it goes on in another list
    ]


def test_commands_are_found_in_the_messages_of_every_program(lines):
    assert {words[0] for _, words in lines} == set(PROGRAMS)
    assert len(lines) > 70


def test_every_command_in_a_message_is_one_that_its_program_takes(lines):
    wrong = []
    for path, words in lines:
        try:
            check([word for word in words if word != "..."], whole="..." not in words)
        except click.UsageError as error:
            wrong.append(f"{path}: {shlex.join(words)}: {error.message}")
    assert wrong == []


def test_a_command_in_a_message_stands_between_backticks_or_at_its_end(texts):
    loose = []
    for path, text in texts:
        rest = LAST.sub("", QUOTED.sub("", text))
        loose += [f"{path}: {found[0]}" for found in ANY.finditer(rest) if command_of(found[1], found[2])]
    assert loose == []


def test_every_next_step_that_is_printed_is_run_by_a_test(modules):
    printed = {
        (path, found[0].partition(":")[0].partition(",")[0])
        for path, tree in modules
        for text in literals(tree)
        if (found := NEXT.match(text) or NEXT.search(text))
    }
    assert printed == set(RUN_BY)
    tests = {test: (ROOT / test.split("::")[0]).read_text(encoding="utf-8") for test in RUN_BY.values()}
    assert [test for test, text in tests.items() if f"def {test.split('::')[1]}(" not in text] == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["model-deploy", "teardown", "staging"], "Missing parameter: stage"),
        (["model-build", "approve", "1"], "Missing parameter: why"),
        (["model-build", "fly"], "has no command"),
    ],
)
def test_a_command_that_its_program_refuses_would_be_found(words, reason):
    with pytest.raises(click.UsageError, match=reason):
        check(words, whole=True)
