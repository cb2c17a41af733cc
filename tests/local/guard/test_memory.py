"""What a server remembers of its load has a limit, so that its memory reaches a plateau."""

import time
import tracemalloc
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from local_aws.cloudwatch import series
from local_aws.cloudwatch.series import Metric, MetricStore, Sample, statistic
from local_aws.kernel import sessions
from local_aws.kernel.calls import Call, Calls
from local_aws.kernel.moto_internals import bounded_logs, bounded_queues
from local_aws.kernel.sessions import Sessions

METRIC = Metric("n", "Latency", frozenset())


def grown(work, rounds):
    """Bytes in use after each of so many rounds of `work`."""
    tracemalloc.start()
    try:
        found = []
        for number in range(rounds):
            work(number)
            found.append(tracemalloc.get_traced_memory()[0])
        return found
    finally:
        tracemalloc.stop()


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(series, "EXACT", 500)
    monkeypatch.setattr(series, "SECONDS", 100)


def test_the_samples_of_a_metric_under_steady_load_reach_a_plateau(small):
    store = MetricStore()

    def second(number):
        for each in range(200):
            store.put(METRIC, Sample.of(number + each / 200, {10 + each / 7: 1.0}))

    sizes = grown(second, 120)
    assert max(sizes[60:]) < 1.5 * max(sizes[:20])


def test_merged_samples_keep_their_sums_extremes_and_nearly_their_percentiles(small):
    store = MetricStore()
    values = [10 + each / 7 for each in range(200)]
    for second in range(60):
        for number, value in enumerate(values):
            store.put(METRIC, Sample.of(second + number / 200, {value: 1.0}))
    found = store.between(METRIC, 0, 60)
    assert len(found) < 60 * 200 / 2
    assert statistic(found, "SampleCount") == 60 * 200
    assert statistic(found, "Sum") == pytest.approx(60 * sum(values))
    assert (statistic(found, "Minimum"), statistic(found, "Maximum")) == (min(values), max(values))
    assert statistic(found, "p90") == pytest.approx(sorted(values)[179], rel=0.06)
    for second in range(60):
        assert statistic(store.between(METRIC, second, second + 1), "SampleCount") == 200


def test_calls_are_remembered_up_to_a_limit_and_counted_beyond_it():
    calls = Calls(limit=100)
    for number in range(1000):
        calls.add(Call(None, "s3", "GetObject", "s3:GetObject", (f"arn:{number}",)))
    assert len(calls) == 1000
    assert [call.resources for call in calls.since(990)] == [
        (f"arn:{number}",) for number in range(990, 1000)
    ]
    assert len(calls.since(0)) < 200
    assert len(calls._known) < 200


def test_sessions_that_are_long_over_are_forgotten(monkeypatch):
    monkeypatch.setattr(sessions, "_MANY", 10)
    made = Sessions()
    over = [made.issue("arn:aws:iam::1:role/r", "me", timedelta(hours=-2)) for _ in range(50)]
    lasting = made.issue("arn:aws:iam::1:role/r", "me")
    just_over = made.issue("arn:aws:iam::1:role/r", "me", timedelta(minutes=-1))
    assert sum(made.find(each.access_key) is not None for each in over) <= 10
    assert made.find(lasting.access_key) and made.find(just_over.access_key)


def test_a_log_stream_keeps_its_newest_events(aws):
    logs, names = aws.client("logs"), {"logGroupName": "/steady", "logStreamName": "load"}
    logs.create_log_group(logGroupName="/steady")
    logs.create_log_stream(**names)
    moment = int(time.time() * 1000)
    with bounded_logs(300):
        for batch in range(5):
            numbers = range(batch * 200, batch * 200 + 200)
            logs.put_log_events(
                **names, logEvents=[{"timestamp": moment, "message": f"{n}"} for n in numbers]
            )
    found = [each["message"] for each in logs.get_log_events(**names, startFromHead=True)["events"]]
    assert found == [str(number) for number in range(700, 1000)]
    [stream] = logs.describe_log_streams(logGroupName="/steady")["logStreams"]
    assert stream["storedBytes"] == 900


def test_a_queue_remembers_its_newest_deleted_messages(aws):
    sqs = aws.client("sqs")
    with bounded_queues(2):
        queue = sqs.create_queue(QueueName="steady")["QueueUrl"]
    handles = []
    for number in range(3):
        sqs.send_message(QueueUrl=queue, MessageBody=str(number))
        [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
        handles.append(message["ReceiptHandle"])
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=handles[-1])
    for handle in handles[1:]:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    with pytest.raises(ClientError, match="ReceiptHandleIsInvalid"):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=handles[0])
