import ast
import dataclasses
import io
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pytest
import yaml

from model_deploy.stage import Instances, Stage
from project_template import enterprise, manifest, seed, vendor
from project_template.errors import (
    FolderNotEmptyError,
    TemplateIncompleteError,
    TemplateLineError,
    WheelError,
)

TEMPLATE = Path(__file__).parents[2]


@pytest.fixture
def tree(tmp_path):
    """Make a small template: {path: content}."""

    def tree(files, name="template"):
        for path, content in {
            ".gitignore": "# no caches\n.cache/\n__pycache__/\n*.egg-info/\n",
            **files,
        }.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return tmp_path / name

    return tree


SMALL = {
    "build/README.md": "# Work here",
    "build/steps/prepare.py": "print()",
    "tests/build/test_prepare.py": "def test(): ...",
    "tests/local/test_server.py": "not poured",
    "seed_code/x.py": "not poured",
}


BUILD = seed.Repository("build", (seed.Part("build", "."), seed.Part("tests/build", "tests")), vendored=None)


def pour(template, into, repository=BUILD):
    """The paths of what was poured, beside the manifest."""
    poured = [str(file.path) for file in seed.pour(repository, into, template)]
    assert manifest.NAME in poured
    return [path for path in poured if path != manifest.NAME]


def test_build_becomes_the_root_and_its_tests_become_tests(tree, tmp_path):
    into = tmp_path / "poured"
    assert pour(tree(SMALL), into) == ["README.md", "steps/prepare.py", "tests/test_prepare.py"]
    assert (into / "README.md").read_text() == "# Work here"
    assert (into / "tests/test_prepare.py").read_text() == "def test(): ..."


def test_the_later_part_counts_where_two_have_the_same_file(tree, tmp_path):
    template = tree({**SMALL, "overlay/steps/prepare.py": "other", "overlay/stages/new.yaml": "new"})
    repository = dataclasses.replace(BUILD, parts=(*BUILD.parts, seed.Part("overlay", ".")))
    poured = pour(template, tmp_path / "poured", repository)
    assert poured == ["README.md", "stages/new.yaml", "steps/prepare.py", "tests/test_prepare.py"]
    assert (tmp_path / "poured/steps/prepare.py").read_text() == "other"


def test_a_line_is_replaced_and_nothing_else(tree, tmp_path):
    template = tree({**SMALL, "build/stage.yaml": "# gate: github\ngate: github\nkind: x"})
    repository = dataclasses.replace(
        BUILD, lines=(seed.Line("stage.yaml", "gate: github", "gate: registry"),)
    )
    pour(template, tmp_path / "poured", repository)
    assert (tmp_path / "poured/stage.yaml").read_text() == "# gate: github\ngate: registry\nkind: x"


@pytest.mark.parametrize("text", ["gate: other\n", "gate: github\ngate: github\n", None])
def test_a_line_that_is_not_there_once_pours_nothing(tree, tmp_path, text):
    template = tree(SMALL if text is None else {**SMALL, "build/stage.yaml": text})
    repository = dataclasses.replace(
        BUILD, lines=(seed.Line("stage.yaml", "gate: github", "gate: registry"),)
    )
    with pytest.raises(
        TemplateLineError, match=r"stage\.yaml has to have the line `gate: github` exactly once"
    ):
        pour(template, tmp_path / "poured", repository)
    assert not (tmp_path / "poured").exists()


PACKAGE = {
    "package/pyproject.toml": """
        project = {name = "small", version = "1.0"}
        build-system = {requires = ["hatchling"], build-backend = "hatchling.build"}
    """.replace(
        "        ", ""
    ),
    "package/small/__init__.py": "ANSWER = 42\n",
    "package/small/__pycache__/x.pyc": "not carried",
}


def test_a_package_is_carried_as_a_wheel_that_installs(tree, tmp_path):
    repository = dataclasses.replace(BUILD, vendored="package")
    pour(tree({**SMALL, **PACKAGE}), tmp_path / "poured", repository)
    [wheel] = (tmp_path / "poured/vendor").iterdir()
    assert wheel.name == "small-1.0-py2.py3-none-any.whl" or wheel.name == "small-1.0-py3-none-any.whl"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile"]
    subprocess.run([*pip, "--target", tmp_path / "installed", wheel], check=True)
    installed = {
        str(path.relative_to(tmp_path / "installed")) for path in (tmp_path / "installed").rglob("*.py*")
    }
    assert installed == {"small/__init__.py"}


def test_equal_sources_give_equal_wheels_whatever_their_times(tree, monkeypatch):
    repository = dataclasses.replace(BUILD, vendored="package")
    one, other = tree({**SMALL, **PACKAGE}, "one"), tree(
        dict(reversed({**SMALL, **PACKAGE}.items())), "other"
    )
    os.utime(other / "package/small/__init__.py", (10**9, 10**9))
    first = seed.archive(repository, one)
    monkeypatch.setattr(vendor, "_built", {})
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    assert seed.archive(repository, other) == first
    (other / "package/small/__init__.py").write_text("ANSWER = 43\n")
    assert seed.archive(repository, other) != first


def test_a_package_that_does_not_build_is_named_with_the_reason(tree, tmp_path):
    repository = dataclasses.replace(BUILD, vendored="package")
    broken = tree({**SMALL, **PACKAGE, "package/pyproject.toml": "[project]\nname = 'small'\n"})
    with pytest.raises(WheelError, match=r"could not be built into a wheel: .*version"):
        pour(broken, tmp_path / "poured", repository)


def test_what_git_ignores_is_not_poured(tree, tmp_path):
    template = tree(
        {
            **SMALL,
            "build/.cache/wheel.whl": "x",
            "build/steps/__pycache__/prepare.pyc": "x",
            "build/model_build.egg-info/PKG-INFO": "x",
        }
    )
    assert pour(template, tmp_path / "poured") == ["README.md", "steps/prepare.py", "tests/test_prepare.py"]


def test_a_poured_folder_has_a_manifest_that_sha256sum_accepts(tree, tmp_path):
    pour(tree(SMALL), tmp_path / "poured")
    command = ["sha256sum", "--check", "--strict", "--quiet", manifest.NAME]
    subprocess.run(command, cwd=tmp_path / "poured", check=True)
    (tmp_path / "poured/steps/prepare.py").write_text("print(2)")
    found = subprocess.run(command, cwd=tmp_path / "poured", capture_output=True, text=True)
    assert found.returncode == 1
    assert found.stdout == "steps/prepare.py: FAILED\n"


def test_executables_stay_executable_and_other_modes_are_levelled(tree, tmp_path):
    template = tree(SMALL)
    (template / "build/README.md").chmod(0o600)
    (template / "build/steps/prepare.py").chmod(0o700)
    pour(template, tmp_path / "poured")
    modes = [
        (tmp_path / "poured" / name).stat().st_mode & 0o777 for name in ("README.md", "steps/prepare.py")
    ]
    assert modes == [0o644, 0o755]


def test_a_folder_with_anything_in_it_is_left_alone(tree, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    with pytest.raises(FolderNotEmptyError, match="mine is not an empty folder"):
        pour(tree(SMALL), mine)
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]


def test_a_file_in_the_folders_place_is_left_alone(tree, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FolderNotEmptyError):
        pour(tree(SMALL), tmp_path / "file")


def test_an_empty_folder_will_do(tree, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "README.md" in pour(tree(SMALL), tmp_path / "empty")


def test_a_template_without_its_parts_pours_nothing(tree, tmp_path):
    with pytest.raises(TemplateIncompleteError, match=r"tests/build is missing"):
        pour(tree({"build/README.md": "# Work here"}), tmp_path / "poured")
    assert not (tmp_path / "poured").exists()


def test_equal_trees_give_equal_archives_whatever_their_times_and_order(tree):
    one = tree(SMALL, "one")
    other = tree(dict(reversed(SMALL.items())), "other")
    os.utime(other / "build/README.md", (0, 0))
    (other / "build/steps/prepare.py").chmod(0o600)
    assert seed.archive(BUILD, one) == seed.archive(BUILD, other)


def test_the_archive_holds_what_is_poured(tree, tmp_path):
    template = tree(SMALL)
    (template / "build/steps/prepare.py").chmod(0o755)
    poured = seed.pour(BUILD, tmp_path / "poured", template)
    with zipfile.ZipFile(io.BytesIO(seed.archive(BUILD, template))) as archive:
        entries = [
            (entry.filename, archive.read(entry), entry.external_attr >> 16 & 0o777)
            for entry in archive.infolist()
        ]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert entries == [(str(file.path), file.content, file.mode) for file in poured]


def test_the_command_pours_and_refuses_a_full_folder(tmp_path):
    command = [sys.executable, "-c", "from project_template.cli import main; main()", "seed", "build", "--to"]
    first = subprocess.run([*command, tmp_path / "repository"], capture_output=True, text=True)
    assert (first.returncode, first.stdout) == (0, "")
    assert (tmp_path / "repository/pyproject.toml").is_file()
    second = subprocess.run([*command, tmp_path / "repository"], capture_output=True, text=True)
    assert second.returncode == 2
    assert "is not an empty folder" in second.stderr


# --- the template itself ---


SHARED = ("common", "tests/common")
FOLDERS = {"build": ("build", "tests/build"), "deploy-realtime-github": ("deploy", "tests/deploy")}


@pytest.mark.skipif(
    not (TEMPLATE / ".git").exists() or shutil.which("git") is None, reason="needs git and a checkout"
)
@pytest.mark.parametrize(("name", "folders"), FOLDERS.items())
def test_exactly_what_git_would_track_is_poured(name, folders):
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *folders, *SHARED],
        cwd=TEMPLATE,
        capture_output=True,
        check=True,
        text=True,
    )
    root, tests = folders
    tracked = {path for path in listed.stdout.split("\0") if path and (TEMPLATE / path).exists()}
    as_poured = {re.sub(f"^{tests}/", "tests/", path.removeprefix(f"{root}/")) for path in tracked}
    poured = {str(file.path) for file in seed.files(seed.REPOSITORIES[name])}
    [wheel] = [path for path in poured if path.endswith(".whl")]
    workflow = f".github/workflows/{root}.yml"
    assert poured - as_poured == {wheel, "vendor/requirements.lock", workflow, manifest.NAME}
    assert as_poured <= poured


@pytest.mark.parametrize("name", seed.REPOSITORIES)
def test_common_is_poured_as_a_folder_that_the_repository_finds(name):
    poured = {str(file.path): file.content for file in seed.files(seed.REPOSITORIES[name])}
    source = tomllib.loads(poured["pyproject.toml"].decode())["tool"]["uv"]["sources"]["model-common"]
    assert f"{source['path']}/pyproject.toml" in poured
    assert "tests/common/test_errors.py" in poured


@pytest.mark.parametrize(("kind", "gate"), seed.DEPLOY)
def test_every_variant_of_the_deploy_repository_has_valid_stages_of_its_kind_and_gate(kind, gate, tmp_path):
    seed.pour(seed.DEPLOY[kind, gate], tmp_path / "poured")
    stages = {path.stem: Stage.load(path) for path in (tmp_path / "poured/stages").glob("*.yaml")}
    assert set(stages) == {"staging", "production"}
    assert {stage.endpoint.kind for stage in stages.values()} == {kind}
    assert stages["production"].production_gate == gate


def test_the_realtime_stages_are_one_instance_and_a_guarded_canary_of_two(tmp_path):
    seed.pour(seed.DEPLOY["realtime", "github"], tmp_path / "poured")
    staging, production = (
        Stage.load(tmp_path / f"poured/stages/{name}.yaml") for name in ("staging", "production")
    )
    assert staging.endpoint.capacity == Instances("ml.m5.large", 1)
    assert (staging.rollout.strategy, staging.rollout.waits_seconds) == ("all_at_once", 0)
    assert (staging.alarms, staging.capture, staging.api) == (None, None, None)
    assert production.endpoint.capacity == Instances("ml.m5.large", 2)
    rollout = production.rollout
    assert (rollout.strategy, rollout.size_percent, rollout.bake_seconds) == ("canary", 50, 300)
    assert (
        production.alarms is not None
        and production.alarms.rollback
        and production.alarms.contract_failures == 1
    )
    assert production.capture is not None and production.capture.sampling_percent == 100
    assert production.api is not None and (production.api.kind, production.api.auth) == ("http_api", "iam")


@pytest.mark.parametrize(
    ("repository", "name"), [(seed.BUILD, "build"), (seed.DEPLOY["realtime", "github"], "deploy")]
)
def test_workflows_for_a_server_of_ones_own_have_nothing_that_it_does_not_know(repository, name):
    path = PurePosixPath(f".github/workflows/{name}.yml")
    here, there = (
        {
            file.path: file.content.decode("utf-8", "replace")
            for file in seed.files(repository, own_server=own)
        }
        for own in (False, True)
    )
    assert {each for each in here if here[each] != there[each]} == {path, PurePosixPath(manifest.NAME)}
    known, before = yaml.safe_load(there[path]), yaml.safe_load(here[path])
    for job, stated in before["jobs"].items():
        stated["concurrency"].pop("queue", None)
        for step in stated["steps"]:
            if step.get("uses", "").startswith("actions/upload-artifact@"):
                step["uses"] = "actions/upload-artifact@c6a366c94c3e0affe28c06c8df20a878f24da3cf"
                del step["with"]["overwrite"]
        assert known["jobs"][job] == stated
    assert "queue:" not in there[path]
    assert ("# v3.2.2" in there[path]) == (name == "build")


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://api.github.com", False),
        ("https://api.acme.ghe.com", False),
        ("https://github.acme.example/api/v3", True),
        ("", False),
    ],
)
def test_a_server_of_ones_own_is_known_by_its_address(url, own):
    assert enterprise.is_own_server(url) is own


def test_the_archives_are_named_by_what_they_hold_and_their_hash_changes_with_any():
    archives = seed.archives()
    assert set(archives) == {"build.zip"} | {f"deploy-{kind}-{gate}.zip" for kind, gate in seed.DEPLOY}
    assert seed.archives() == archives
    assert seed.sha256(archives) == seed.sha256(dict(reversed(archives.items())))
    assert len({seed.sha256(archives), *(seed.sha256(archives | {name: b""}) for name in archives)}) == 6


LOCKS = ["build/requirements.lock", "deploy/requirements.lock", "local/requirements.lock"]


def pins(text):
    return set(re.findall(r"^[a-z][^ ;]*==[^ ;]+", text, flags=re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_the_poured_locks_have_the_versions_that_are_tested_here_and_no_index(lock):
    text = (TEMPLATE / lock).read_text()
    assert len(pins(text)) > 20
    assert pins(text) <= pins((TEMPLATE / "requirements-check.lock").read_text())
    assert "://" not in text


@pytest.mark.parametrize("package", ["build", "deploy", "local"])
def test_the_poured_locks_cover_what_their_packages_ask_for(package):
    asked = tomllib.loads((TEMPLATE / package / "pyproject.toml").read_text())
    wanted = asked["project"]["dependencies"] + asked.get("dependency-groups", {}).get("dev", [])
    locked = {pin.partition("==")[0] for pin in pins((TEMPLATE / package / "requirements.lock").read_text())}
    # model-common is a folder of the repository itself.
    assert {re.split(r"[=<>\[]", name)[0].lower() for name in wanted} - {"model-common"} <= locked


@pytest.mark.parametrize("package", ["build", "common", "deploy"])
def test_poured_tests_import_nothing_that_is_not_poured(package):
    strangers = {
        "build": {"model_deploy"},
        "common": {"model_build", "model_deploy", "steps"},
        "deploy": {"model_build", "steps"},
    }[package]
    strangers |= {"project_template", "tests", "bench", "functions"}
    for path in (TEMPLATE / "tests" / package).glob("**/*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        assert not strangers & {name.partition(".")[0] for name in imported}, path


# The slow tests of both have run where they are kept: of the deploy repository, those that need no server are enough.
CHOSEN = {
    "build": [
        "tests/test_cli.py",
        "tests/commands",
        "tests/common",
        "tests/test_code.py",
        "tests/test_metrics.py",
        "tests/test_recipe.py",
    ],
    "deploy-serverless-registry": [
        "tests/common",
        "tests/commands",
        "tests/test_api_archive.py",
        "tests/test_stage.py",
        "tests/test_verify.py",
    ],
}


def variables_of_the_workflow(repository):
    """What the job that runs the tests sets, of a project that the tests are not to see: {name: value}."""
    [path] = (repository / ".github" / "workflows").glob("*.yml")
    return dict.fromkeys(yaml.safe_load(path.read_text())["env"], "of-the-workflow") | {
        "AWS_REGION": "eu-north-1"
    }


@pytest.mark.slow
@pytest.mark.parametrize(("name", "chosen"), CHOSEN.items())
def test_the_tests_of_a_poured_repository_pass_there(name, chosen, tmp_path):
    repository = tmp_path / "repository"
    seed.pour(seed.REPOSITORIES[name], repository)
    [wheel] = (repository / "vendor").glob("*.whl")
    # The embedded AWS comes from the wheel that was poured, not from the checkout.
    zipfile.ZipFile(wheel).extractall(tmp_path / "wheel")
    where = "import local_aws, sys; sys.stdout.write(local_aws.__file__)"
    environment = {
        **os.environ,
        **variables_of_the_workflow(repository),
        "PYTHONPATH": f"{repository}:{repository / 'common'}:{repository / 'steps'}:{tmp_path / 'wheel'}",
    }
    found = subprocess.run([sys.executable, "-c", where], env=environment, capture_output=True, text=True)
    assert found.stdout.startswith(str(tmp_path / "wheel"))
    for command in (["--collect-only"], chosen):
        result = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *command],
            cwd=repository,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stdout + result.stderr
