"""Warm environments: none outlives its use."""

import os
import threading
import time
from pathlib import Path

from local_aws import lambda_

PROCESS = "import os\ndef handler(event, context): return os.getpid()"


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def until(condition):
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never happens")


def test_an_idle_environment_is_ended(quick):
    process = quick.functions.run(PROCESS).payload
    until(lambda: not alive(process))


def test_an_environment_ends_with_the_code_that_it_runs(functions):
    name = functions.create(PROCESS)
    process = functions.invoke(name).payload
    assert alive(process)
    functions.lambda_.update_function_configuration(FunctionName=name, Timeout=4)
    assert not alive(process)


def test_an_environment_ends_with_its_function(functions):
    name = functions.create(PROCESS)
    process = functions.invoke(name).payload
    functions.lambda_.delete_function(FunctionName=name)
    assert not alive(process)


def test_what_a_function_started_ends_with_it(functions):
    name = functions.create("""
        import subprocess
        def handler(event, context):
            return subprocess.Popen(["sleep", "600"]).pid
        """)
    child = functions.invoke(name).payload
    functions.lambda_.delete_function(FunctionName=name)
    until(lambda: not alive(child) or zombie(child))


def zombie(process):
    """Whether a process has ended and only waits for its parent, which is not ours."""
    stat = Path(f"/proc/{process}/stat")
    return stat.exists() and stat.read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"


def test_closing_ends_environments_at_work(quick):
    name = quick.functions.create(
        """
        import os, time
        def handler(event, context):
            print("process", os.getpid(), flush=True)
            time.sleep(600)
        """,
        Timeout=900,
    )
    answers = []
    invocation = threading.Thread(target=lambda: answers.append(quick.functions.invoke(name)))
    invocation.start()
    printed = quick.functions.logged(f"/aws/lambda/{name}", "process")
    process = int(next(line for line in printed if line.startswith("process ")).split()[1])
    quick.pool.close()
    invocation.join()
    assert not alive(process)
    assert answers[0].payload["errorType"] == "Runtime.ExitError"


def test_a_lambda_that_ran_nothing_closes(aws):
    for handler in reversed(lambda_.handlers(aws.server.account)):
        if hasattr(handler, "close"):
            handler.close()
