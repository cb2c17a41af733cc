"""What a server remembers of its load has a limit, so that its memory reaches a plateau."""

import gc
import time
import tracemalloc
from collections import Counter
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from local_aws.cloudwatch import series
from local_aws.cloudwatch.series import Metric, MetricStore, Sample, statistic
from local_aws.kernel import account, sessions
from local_aws.kernel.account import Clients
from local_aws.kernel.calls import Call, Calls
from local_aws.kernel.moto_internals import bounded_logs, bounded_queues, bounded_topics
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


def test_calls_that_differ_are_remembered_up_to_a_limit_of_their_own():
    calls = Calls(distinct=100)
    for number in range(1000):
        calls.add(Call(None, "s3", "PutObject", "s3:PutObject", (f"arn:{number}",)))
        calls.add(Call(None, "s3", "ListObjectsV2", "s3:ListBucket", ("arn",)))
    assert len(calls) == 2000
    assert len(calls._known) <= 100
    assert calls.since(1999) == [Call(None, "s3", "ListObjectsV2", "s3:ListBucket", ("arn",))]


def test_clients_of_credentials_that_nobody_uses_any_more_are_forgotten(monkeypatch):
    monkeypatch.setattr(account, "SIGNERS", 3)
    clients, issued = Clients("http://127.0.0.1:1"), Sessions()
    often = issued.issue("arn:aws:iam::1:role/often", "me")
    first = clients.client("sts", often)
    for number in range(6):
        clients.client("sts", issued.issue("arn:aws:iam::1:role/r", f"job-{number}"))
        assert clients.client("sts", often) is first
    assert len(clients._sessions) == len(clients._made) == 3


@pytest.fixture
def nothing_old():
    """gc.get_objects tells of what is made from now on alone: a process of tests has millions of others."""
    gc.collect()
    gc.freeze()


def alive(*kinds):
    """How many objects of the classes of these names there are."""
    gc.collect()
    found = Counter(type(each).__name__ for each in gc.get_objects())
    return {kind: found[kind] for kind in kinds}


@pytest.mark.usefixtures("nothing_old")
def test_what_is_deleted_replaced_or_dropped_is_not_kept(aws):
    """moto lists every model that it makes, for ever, unless it is told not to."""
    s3, sqs, logs, sns = (aws.client(name) for name in ("s3", "sqs", "logs", "sns"))
    s3.create_bucket(
        Bucket="steady-load", CreateBucketConfiguration={"LocationConstraint": aws.server.account.region}
    )
    queue = sqs.create_queue(QueueName="steady-load")["QueueUrl"]
    logs.create_log_group(logGroupName="/steady-load")
    topics = {"TopicArn": sns.create_topic(Name="steady-load")["TopicArn"]}

    def load(rounds):
        for number in range(rounds):
            s3.put_object(Bucket="steady-load", Key="replaced", Body=b"x")
            s3.put_object(Bucket="steady-load", Key="deleted", Body=b"x")
            s3.delete_object(Bucket="steady-load", Key="deleted")
            sqs.send_message(QueueUrl=queue, MessageBody="x")
            [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            stream = {"logGroupName": "/steady-load", "logStreamName": str(number)}
            logs.create_log_stream(**stream)
            event = {"timestamp": int(time.time() * 1000), "message": "x"}
            logs.put_log_events(**stream, logEvents=[event])
            logs.delete_log_stream(**stream)
            sns.publish(**topics, Message="x")

    kinds = ("FakeKey", "Message", "LogEvent", "LogStream")
    load(2)
    before = alive(*kinds)
    load(20)
    after = alive(*kinds)
    assert {kind: after[kind] - before[kind] for kind in kinds if after[kind] > before[kind] + 5} == {}


@pytest.mark.usefixtures("nothing_old")
def test_a_topic_remembers_its_newest_notifications(aws):
    sns = aws.client("sns")
    with bounded_topics(2):
        topic = sns.create_topic(Name="newest")["TopicArn"]
    for number in range(5):
        sns.publish(TopicArn=topic, Message=f"number {number} of newest")
    gc.collect()
    kept = [
        each.sent_notifications
        for each in gc.get_objects()
        if type(each).__name__ == "Topic" and getattr(each, "arn", "") == topic
    ]
    assert [[message for _, message, *_ in each] for each in kept] == [
        ["number 3 of newest", "number 4 of newest"]
    ]


def test_sessions_that_are_long_over_are_forgotten(monkeypatch):
    monkeypatch.setattr(sessions, "_CLEANUP_SIZE", 10)
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
