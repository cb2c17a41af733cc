"""A job's process: its own /opt/ml, environment and process group, with and without a namespace of its own."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from local_aws.containers.ml_folder import MlFolder
from local_aws.containers.sandbox import Command, Process, literal_paths

PATH = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


@pytest.fixture(params=["literal", "rewritten"])
def ml(request, tmp_path):
    literal = request.param == "literal"
    if literal and not literal_paths():
        pytest.skip("this kernel gives ordinary users no mount namespaces")
    folder = MlFolder(tmp_path / "ml", literal)
    folder.host.mkdir()
    return folder


class Output:
    """The lines of a job, and a way to wait for one of them."""

    def __init__(self):
        self.lines = []
        self._came = threading.Condition()

    def __call__(self, line):
        with self._came:
            self.lines.append(line)
            self._came.notify_all()

    def wait_for(self, line):
        with self._came:
            assert self._came.wait_for(lambda: line in self.lines, timeout=30), self.lines


def start(ml, script, **environment):
    output = Output()
    return Process(Command(("sh", "-c", script), PATH | environment), ml, output), output


def run(ml, script, **environment):
    process, output = start(ml, script, **environment)
    return process.wait(), output.lines


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc/self").exists()
    return state not in "ZX"


def gone(pid):
    for _ in range(500):
        if not is_alive(pid):
            return True
        time.sleep(0.02)
    return False


def test_a_job_finds_its_folder_where_it_is_told(ml):
    (ml.host / "model").mkdir()
    code, lines = run(
        ml,
        'echo "$SM_MODEL_DIR" > "$SM_MODEL_DIR/said"; cat /opt/ml/model/said',
        SM_MODEL_DIR="/opt/ml/model",
    )
    assert (code, lines) == (0, [ml.told("/opt/ml/model")])
    assert ml.read("/opt/ml/model/said").strip() == ml.told("/opt/ml/model")


def test_a_job_starts_in_its_folder(ml):
    assert run(ml, "pwd -P; touch here") == (
        0,
        [ml.told("/opt/ml") if ml.literal else str(ml.host.resolve())],
    )
    assert (ml.host / "here").exists()


def test_the_rest_of_opt_stays(ml):
    if not Path("/opt").is_dir():
        pytest.skip("this machine has no /opt")
    _, lines = run(ml, "ls -A /opt")
    assert set(lines) - {"ml"} == {path.name for path in Path("/opt").iterdir()} - {"ml"}


def test_two_jobs_at_once_do_not_see_each_others_folder(ml, tmp_path):
    other = MlFolder(tmp_path / "other", ml.literal)
    other.host.mkdir()
    started = [start(folder, f"echo {name} > /opt/ml/name") for folder, name in ((ml, "one"), (other, "two"))]
    for process, _ in started:
        process.wait()
    assert (ml.read("/opt/ml/name"), other.read("/opt/ml/name")) == ("one\n", "two\n")


def test_nothing_of_the_servers_environment_reaches_the_job(ml, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("AWS_PROFILE", "production")
    _, lines = run(ml, "env", ONLY="this")
    assert {line.partition("=")[0] for line in lines} <= {"PATH", "ONLY", "PWD", "SHLVL", "_"}


def test_output_and_errors_come_line_by_line_in_order(ml):
    assert run(ml, "echo one; echo two >&2; printf 'no newline'")[1] == ["one", "two", "no newline"]


def test_bytes_that_are_no_text_are_replaced(ml):
    assert run(ml, r"printf '\377ok\n'")[1] == ["\ufffdok"]


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("kill -KILL $$", 137), ("kill -SEGV $$", 139)])
def test_the_exit_code_is_a_containers(ml, script, code):
    assert run(ml, script)[0] == code


def test_a_program_that_does_not_exist_ends_with_127(ml):
    output = Output()
    assert Process(Command(("no-such-program",), PATH), ml, output).wait() == 127
    assert "no-such-program" in "".join(output.lines)


def test_stop_lets_a_job_clean_up(ml):
    process, output = start(ml, "trap 'echo saving; exit 0' TERM; echo ready; while :; do sleep 0.05; done")
    output.wait_for("ready")
    process.stop(grace=60)
    assert process.wait() == 0
    assert output.lines[-1] == "saving"


def test_a_job_that_does_not_listen_is_killed(ml):
    process, output = start(ml, "trap '' TERM; echo ready; while :; do sleep 0.05; done")
    output.wait_for("ready")
    process.stop(grace=0.1)
    assert process.wait() == 137


def test_what_a_job_leaves_running_is_killed_with_it(ml):
    _, lines = run(ml, "sleep 300 & echo $!")
    assert gone(int(lines[0]))


def test_a_child_that_left_the_group_does_not_hold_up_the_end(ml):
    leaves = "import os, time; os.setsid(); print('left', flush=True); time.sleep(5)"
    process, output = start(ml, f'{sys.executable} -c "{leaves}" & sleep 0.5; echo done')
    assert process.wait() == 0
    assert sorted(output.lines) == ["done", "left"]


def test_no_file_can_be_larger_than_the_volume(ml):
    script = "dd if=/dev/zero of=/opt/ml/large bs=1 count=1 seek=2147483648"
    assert Process(Command(("sh", "-c", script), PATH, volume_gb=1), ml, Output()).wait() != 0
    assert Process(Command(("sh", "-c", script), PATH, volume_gb=3), ml, Output()).wait() == 0
