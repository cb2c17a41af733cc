"""A job's log reaches CloudWatch Logs while the job runs, and its end can be quoted."""

import time

import pytest

from local_aws.kernel.job_log import JobLog

GROUP = "/aws/sagemaker/TestJobs"


@pytest.fixture
def read(aws):
    def read(stream):
        events = aws.client("logs").get_log_events(
            logGroupName=GROUP, logStreamName=stream, startFromHead=True
        )
        return [event["message"] for event in events["events"]]

    return read


@pytest.fixture
def log(aws):
    def log(stream):
        return JobLog(aws.client("logs"), GROUP, f"{aws.bucket}-{stream}"), f"{aws.bucket}-{stream}"

    log("so that the group is there")[0].close()
    return log


def until(holds):
    for _ in range(500):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def streams(aws, prefix):
    return aws.client("logs").describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=prefix)[
        "logStreams"
    ]


def test_lines_come_before_the_log_is_closed(log, read, aws):
    job_log, stream = log("live")
    job_log.write("first")
    until(lambda: streams(aws, stream) and read(stream))
    assert read(stream) == ["first"]
    job_log.write("second")
    job_log.close()
    assert read(stream) == ["first", "second"]


def test_a_closed_log_is_complete_and_in_order(log, read):
    job_log, stream = log("many")
    for number in range(2_500):
        job_log.write(f"line {number}")
    job_log.close()
    found = read(stream)
    assert found[:2] == ["line 0", "line 1"]
    assert job_log.end(20) == "line 2498\nline 2499"


def test_an_empty_line_is_no_event(log, read):
    job_log, stream = log("empty")
    for line in ("one", "", "  ", "two"):
        job_log.write(line)
    job_log.close()
    assert read(stream) == ["one", "two"]


def test_a_line_too_long_for_an_event_becomes_several(log, read):
    job_log, stream = log("long")
    job_log.write("x" * 70_000)
    job_log.close()
    assert [len(message) for message in read(stream)] == [65_536, 4_464]


def test_a_log_without_lines_still_has_its_stream(log, read):
    job_log, stream = log("none")
    job_log.close()
    assert read(stream) == []


@pytest.mark.parametrize(
    ("lines", "characters", "end"),
    [
        (["one", "two", "three"], 100, "one\ntwo\nthree"),
        (["one", "two", "three"], 9, "two\nthree"),
        (["a long last line"], 9, "last line"),
        ([], 100, ""),
    ],
)
def test_the_end_is_the_last_lines_that_fit(log, lines, characters, end):
    job_log, _ = log(f"end-{len(lines)}-{characters}")
    for line in lines:
        job_log.write(line)
    job_log.close()
    assert job_log.end(characters) == end


def test_a_job_goes_on_when_its_log_is_deleted(log, aws, caplog):
    job_log, stream = log("deleted")
    until(lambda: streams(aws, stream))
    aws.client("logs").delete_log_stream(logGroupName=GROUP, logStreamName=stream)
    job_log.write("line")
    job_log.close()
    assert job_log.end() == "line"
    assert f"{stream} ends early" in caplog.text
