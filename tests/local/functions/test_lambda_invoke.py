"""Invocations: what a handler gets, what its caller gets, and what the log says."""

import re
import threading

import pytest

from .conftest import archive

ECHO = "def handler(event, context): return event"


def test_the_answer_is_what_the_handler_returns(functions):
    answer = functions.run(ECHO, {"text": "Grüße", "numbers": [1, 2.5, None]})
    assert (answer.payload, answer.error, answer.version) == (
        {"text": "Grüße", "numbers": [1, 2.5, None]},
        None,
        "$LATEST",
    )


def test_the_context_tells_about_the_invocation(functions):
    name = functions.create(
        """
        def handler(event, context):
            return {
                "name": context.function_name,
                "version": context.function_version,
                "arn": context.invoked_function_arn,
                "memory": context.memory_limit_in_mb,
                "group": context.log_group_name,
                "left": context.get_remaining_time_in_millis(),
                "id": context.aws_request_id,
            }
        """,
        MemorySize=192,
        Timeout=5,
    )
    answer = functions.invoke(name)
    told = answer.payload
    assert (told["name"], told["version"], told["memory"]) == (name, "$LATEST", "192")
    assert told["arn"].endswith(f":function:{name}")
    assert told["group"] == f"/aws/lambda/{name}"
    assert 0 < told["left"] <= 5000
    assert f"START RequestId: {told['id']} Version: $LATEST" in answer.log


def test_the_environment_is_built_from_nothing(aws, functions, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "x")
    answer = functions.run(
        "import os\ndef handler(event, context): return dict(os.environ)",
        Environment={"Variables": {"ENDPOINT_NAME": "staging"}},
    )
    assert "SECRET_OF_THE_SERVER" not in answer.payload
    assert answer.payload["ENDPOINT_NAME"] == "staging"
    assert answer.payload["AWS_REGION"] == aws.region
    assert answer.payload["AWS_ENDPOINT_URL"] == aws.server.endpoint_url
    assert answer.payload["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"


def test_a_function_calls_the_embedded_aws_with_the_boto3_that_the_runtime_ships(aws, functions):
    bucket = aws.bucket
    answer = functions.run(
        """
        import boto3
        s3 = boto3.client("s3")
        def handler(event, context):
            return [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        """,
        Timeout=30,
    )
    assert bucket in answer.payload


@pytest.mark.parametrize("module", ["moto", "local_aws", "requests", "yaml", "bootstrap"])
def test_what_the_runtime_does_not_ship_cannot_be_imported(functions, module):
    answer = functions.run(f"import {module}\n{ECHO}")
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Runtime.ImportModuleError"
    assert answer.payload["errorMessage"] == f"Unable to import module 'app': No module named '{module}'"


def test_what_the_archive_brings_comes_before_what_the_runtime_ships(functions):
    code = archive(
        six="__version__ = 'mine'", app="import six\ndef handler(event, context): return six.__version__"
    )
    assert functions.run("", Code={"ZipFile": code}).payload == "mine"


def test_a_warm_environment_keeps_what_the_module_holds(functions):
    name = functions.create("""
        calls = []
        def handler(event, context):
            calls.append(event)
            return calls
        """)
    assert functions.invoke(name, 1).payload == [1]
    warm = functions.invoke(name, 2)
    assert warm.payload == [1, 2]
    assert not any("Init Duration" in line for line in warm.log)


def test_invocations_at_once_run_in_environments_of_their_own(functions):
    name = functions.create(
        "import os, time\ndef handler(event, context):\n    time.sleep(1)\n    return os.getpid()"
    )
    processes = []
    threads = [
        threading.Thread(target=lambda: processes.append(functions.invoke(name).payload)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(processes)) == 3


def test_an_error_of_the_handler_is_told_with_its_trace(functions):
    answer = functions.run("""
        def handler(event, context):
            return deeper(event)

        def deeper(event):
            raise KeyError("label")
        """)
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "KeyError"
    assert answer.payload["errorMessage"] == "'label'"
    first, second = answer.payload["stackTrace"]
    assert re.search(r'File ".*/app\.py", line 3, in handler', first)
    assert re.search(r'File ".*/app\.py", line 6, in deeper', second)
    assert any(line.startswith("[ERROR] KeyError: 'label'") for line in "\n".join(answer.log).split("\n"))


def test_a_function_that_failed_is_still_warm(functions):
    name = functions.create("""
        import os
        def handler(event, context):
            if event == "fail":
                raise ValueError
            return os.getpid()
        """)
    first = functions.invoke(name).payload
    assert functions.invoke(name, "fail").error == "Unhandled"
    assert functions.invoke(name).payload == first


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        (ECHO, "app.missing", "Runtime.HandlerNotFound", "Handler 'missing' missing on module 'app'"),
        (
            ECHO,
            "other.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'other': No module named 'other'",
        ),
        (
            ECHO,
            "handler",
            "Runtime.MalformedHandlerName",
            "Bad handler 'handler': not enough values to unpack (expected 2, got 1)",
        ),
        (
            "def handler(:",
            "app.handler",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app': invalid syntax (app.py, line 1)",
        ),
        ("raise RuntimeError('no model')", "app.handler", "RuntimeError", "no model"),
    ],
)
def test_a_handler_that_cannot_be_loaded_is_the_answer_of_every_invocation(
    functions, source, handler, kind, message
):
    name = functions.create(source, Handler=handler)
    for _ in range(2):
        answer = functions.invoke(name)
        assert answer.error == "Unhandled"
        assert (answer.payload["errorType"], answer.payload["errorMessage"]) == (kind, message)


def test_the_trace_of_a_failed_import_shows_the_functions_own_code_only(functions):
    answer = functions.run("raise RuntimeError('no model')")
    assert [line.count("app.py") for line in answer.payload["stackTrace"]] == [1]


def test_an_answer_that_is_no_json_is_an_error(functions):
    answer = functions.run("def handler(event, context): return {1, 2}")
    assert answer.payload["errorType"] == "Runtime.MarshalError"
    assert answer.payload["errorMessage"] == (
        "Unable to marshal response: Object of type set is not JSON serializable"
    )


def test_a_handler_that_takes_too_long_is_ended(functions):
    name = functions.create(
        """
        import time
        def handler(event, context):
            print("before")
            if event == "hang":
                time.sleep(600)
            return "quick"
        """,
        Timeout=1,
    )
    answer = functions.invoke(name, "hang")
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Sandbox.Timedout"
    assert re.fullmatch(
        r"RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds", answer.payload["errorMessage"]
    )
    assert "before" in answer.log
    assert any(line.endswith("Task timed out after 1.00 seconds") for line in answer.log)
    assert functions.invoke(name).payload == "quick"


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("import sys; sys.exit(3)", "Runtime exited with error: exit status 3"),
        ("import os; os._exit(0)", "Runtime exited without providing a reason"),
        ("import os; os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
    ],
)
def test_a_process_that_ends_is_an_error_and_the_next_invocation_has_a_new_one(functions, statement, why):
    name = functions.create(
        f"def handler(event, context):\n    if event == 'end':\n        {statement}\n    return 'there'"
    )
    answer = functions.invoke(name, "end")
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Runtime.ExitError"
    assert answer.payload["errorMessage"].endswith(f" Error: {why}")
    assert functions.invoke(name).payload == "there"


def test_a_function_that_takes_more_than_its_memory_is_ended(functions):
    source = "def handler(event, context): return len(bytearray(b'x') * (event * 1024 * 1024))"
    name = functions.create(source, MemorySize=128, Timeout=20)
    assert functions.invoke(name, 20).payload == 20 * 1024 * 1024
    answer = functions.invoke(name, 300)
    assert (answer.error, answer.payload["errorType"]) == ("Unhandled", "Runtime.OutOfMemory")
    assert answer.payload["errorMessage"].endswith("Runtime exited with error: signal: killed")


def test_large_events_answers_and_logs_pass(functions):
    answer = functions.run(
        "def handler(event, context):\n    print('x' * 3_000_000)\n    return event",
        "y" * 4_000_000,
        Timeout=300,
    )
    assert answer.payload == "y" * 4_000_000


def test_an_answer_above_the_limit_is_an_error(functions):
    answer = functions.run("def handler(event, context): return 'x' * 6_300_000", MemorySize=512)
    assert answer.payload["errorType"] == "Function.ResponseSizeTooLarge"


@pytest.mark.parametrize(
    ("payload", "kind", "code"),
    [
        (b"{not json", "RequestResponse", "InvalidRequestContentException"),
        (b'"%s"' % (b"x" * 6_300_000), "RequestResponse", "RequestTooLargeException"),
        (b'"%s"' % (b"x" * 1_100_000), "Event", "RequestTooLargeException"),
    ],
    ids=["no-json", "too-large", "too-large-event"],
)
def test_events_that_cannot_be_passed_on_are_refused(functions, refusal, payload, kind, code):
    name = functions.create(ECHO)
    assert (
        refusal(functions.lambda_.invoke, FunctionName=name, InvocationType=kind, Payload=payload)[0] == code
    )


def test_without_a_payload_the_event_is_an_empty_object(functions):
    name = functions.create(ECHO)
    assert functions.lambda_.invoke(FunctionName=name)["Payload"].read() == b"{}"


def test_a_dry_run_runs_nothing(functions):
    name = functions.create("raise SystemExit")
    assert functions.lambda_.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204


def test_the_log_tells_what_was_printed_and_logged_and_how_long_it_took(functions):
    answer = functions.run("""
        import logging, sys
        logging.getLogger().setLevel(logging.INFO)
        print("loaded")
        def handler(event, context):
            print("one")
            print("two", file=sys.stderr)
            logging.info("three")
            sys.stdout.write("four")
        """)
    loaded, start, one, two, three, four, end, report = answer.log
    assert (loaded, one, two, four) == ("loaded", "one", "two", "four")
    request_id = start.split()[2]
    assert start == f"START RequestId: {request_id} Version: $LATEST"
    assert re.fullmatch(rf"\[INFO\]\t\d{{4}}-\d\d-\d\dT[\d:.]+Z\t{request_id}\tthree", three)
    assert end == f"END RequestId: {request_id}"
    assert re.fullmatch(
        rf"REPORT RequestId: {request_id}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t"
        r"Max Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\t",
        report,
    )


def test_the_log_goes_to_a_stream_of_the_environment(functions):
    name = functions.create("def handler(event, context): print('hello from', context.log_stream_name)")
    functions.invoke(name)
    events = functions.logged(f"/aws/lambda/{name}", "REPORT")
    said = next(event for event in events if event.startswith("hello from "))
    assert re.fullmatch(r"hello from \d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", said)


def test_the_log_goes_to_the_group_that_the_function_states(aws, functions):
    group = f"/model-deploy/{aws.name}/api"
    name = functions.create("def handler(event, context): print('here')", LoggingConfig={"LogGroup": group})
    functions.invoke(name)
    assert "here" in functions.logged(group, "REPORT")
