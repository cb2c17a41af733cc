"""Transform jobs run for real: a model of two labels over files in S3; and every way in which that fails."""

import dataclasses
import io
import json
import tarfile

import fasttext
import pytest
from botocore.exceptions import ClientError

from local_aws.hosting.transform import records
from local_aws.hosting.transform.transform_agent import InputError, Task, batches

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1"
PRAISE = '{"source": "lovely great"}\n'
BLAME = '{"source": "awful poor", "k": 2}\n'


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    """The model.tar.gz of a model that tells good from bad."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "train.txt").write_text("__label__good lovely great\n__label__bad awful poor\n" * 50)
    model = fasttext.train_supervised(
        str(folder / "train.txt"), dim=4, epoch=20, lr=0.5, bucket=100, minCount=1, thread=1, verbose=0
    )
    model.save_model(str(folder / "model.bin"))
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as tar:
        tar.add(folder / "model.bin", "model.bin")
    return body.getvalue()


@pytest.fixture
def sagemaker(aws):
    return aws.client("sagemaker")


@pytest.fixture
def transforms(processing):
    return dataclasses.replace(processing, kind="Transform")


@pytest.fixture
def model(aws, bucket, sagemaker, artifact):
    """The name of a model, whose container has an environment of its own."""

    def model(name="model", content=artifact, **environment):
        container = {"Image": IMAGE, "ModelDataUrl": bucket.put(f"{name}.tar.gz", content)}
        sagemaker.create_model(
            ModelName=f"{aws.bucket}-{name}",
            PrimaryContainer=container | {"Environment": environment},
            ExecutionRoleArn=aws.role_arn,
        )
        return f"{aws.bucket}-{name}"

    return model


@pytest.fixture
def request_for(aws, bucket):
    """The request of a job over `files`, {name: text}; what SplitType, AssembleWith and others say goes where it belongs."""

    def request_for(model, files, name="job", split="Line", assemble="Line", **changes):
        for key, text in files.items():
            bucket.put(f"in/{name}/{key}", text)
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{aws.bucket}/in/{name}/"}
        return {
            "TransformJobName": f"{aws.bucket}-{name}",
            "ModelName": model,
            "TransformInput": {
                "DataSource": {"S3DataSource": source},
                "ContentType": "application/jsonlines",
                "SplitType": split,
            },
            "TransformOutput": {
                "S3OutputPath": f"s3://{aws.bucket}/out/{name}/",
                "Accept": "application/jsonlines",
                "AssembleWith": assemble,
            },
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        } | changes

    return request_for


def first_labels(output):
    return [json.loads(line)["label"][0] for line in output.splitlines()]


def refusal(call, **request):
    with pytest.raises(ClientError) as refused:
        call(**request)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    return refused.value.response["Error"]["Message"]


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
def test_every_line_is_answered_in_its_place(model, request_for, transforms, bucket, strategy):
    lines = [PRAISE, BLAME, BLAME, PRAISE] * 5
    request = request_for(
        model(), {"texts.jsonl": "".join(lines)}, BatchStrategy=strategy, MaxConcurrentTransforms=4
    )
    job = transforms.run(request)
    assert job["TransformJobStatus"] == "Completed", job
    output = bucket.read("out/job/texts.jsonl.out")
    assert output.endswith(b"}\n")
    assert first_labels(output) == ["__label__good", "__label__bad", "__label__bad", "__label__good"] * 5
    assert [len(json.loads(line)["prob"]) for line in output.splitlines()[:2]] == [1, 2]


def test_every_object_below_the_prefix_has_an_output_of_its_own(model, request_for, transforms, bucket):
    files = {"a.jsonl": PRAISE, "more/b.jsonl": BLAME, "empty.jsonl": ""}
    assert transforms.run(request_for(model(), files))["TransformJobStatus"] == "Completed"
    assert bucket.keys("out/") == [f"out/job/{name}.out" for name in sorted(files)]
    assert first_labels(bucket.read("out/job/more/b.jsonl.out")) == ["__label__bad"]
    assert bucket.read("out/job/empty.jsonl.out") == b""


def test_an_input_can_be_one_object(aws, model, request_for, transforms, bucket):
    request = request_for(model(), {"a.jsonl": PRAISE, "b.jsonl": BLAME})
    request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://{aws.bucket}/in/job/b.jsonl"
    transforms.run(request)
    assert bucket.keys("out/") == ["out/job/b.jsonl.out"]


def test_an_empty_line_is_no_record(model, request_for, transforms, bucket):
    text = f"\n{PRAISE}\n  \n{BLAME}\n"
    transforms.run(request_for(model(), {"texts.jsonl": text}, BatchStrategy="SingleRecord"))
    assert first_labels(bucket.read("out/job/texts.jsonl.out")) == ["__label__good", "__label__bad"]


def test_without_split_and_assembly_a_file_is_one_invocation_whose_answer_is_the_output(
    model, request_for, transforms, bucket
):
    request = request_for(model(), {"texts.jsonl": PRAISE + BLAME}, split="None", assemble="None")
    transforms.run(request)
    output = bucket.read("out/job/texts.jsonl.out")
    assert first_labels(output) == ["__label__good", "__label__bad"]
    assert not output.endswith(b"\n")


def test_a_model_that_is_made_from_a_package_is_taken_from_it(
    aws, artifact, sagemaker, request_for, transforms, bucket
):
    container = {"Image": IMAGE, "ModelDataUrl": bucket.put("package.tar.gz", artifact)}
    media = ["application/jsonlines"]
    package = sagemaker.create_model_package(
        ModelPackageGroupName=aws.group,
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": media,
            "SupportedResponseMIMETypes": media,
        },
    )["ModelPackageArn"]
    name = f"{aws.bucket}-packaged"
    sagemaker.create_model(
        ModelName=name, PrimaryContainer={"ModelPackageName": package}, ExecutionRoleArn=aws.role_arn
    )
    transforms.run(request_for(name, {"texts.jsonl": BLAME}))
    assert first_labels(bucket.read("out/job/texts.jsonl.out")) == ["__label__bad"]


def test_a_job_is_described_listed_and_tagged(model, request_for, transforms, sagemaker):
    tags = [{"Key": "stage", "Value": "staging"}]
    request = request_for(model(), {"texts.jsonl": PRAISE}, Tags=tags)
    job = transforms.run(request)
    assert {name: job[name] for name in request if name != "Tags"} == {
        name: value for name, value in request.items() if name != "Tags"
    }
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"]
    assert sagemaker.list_tags(ResourceArn=job["TransformJobArn"])["Tags"] == tags
    [listed] = sagemaker.list_transform_jobs(NameContains=request["TransformJobName"])[
        "TransformJobSummaries"
    ]
    assert (listed["TransformJobArn"], listed["TransformJobStatus"]) == (job["TransformJobArn"], "Completed")
    none = sagemaker.list_transform_jobs(
        NameContains=request["TransformJobName"], StatusEquals="Failed", MaxResults=1
    )
    assert none["TransformJobSummaries"] == []


def test_the_log_group_has_the_agents_log_and_the_model_servers(model, request_for, transforms):
    request = request_for(model(), {"texts.jsonl": PRAISE}, BatchStrategy="SingleRecord", MaxPayloadInMB=2)
    transforms.run(request)
    log = transforms.log(request["TransformJobName"])
    assert any(
        "MaxConcurrentTransforms=1, MaxPayloadInMB=2, BatchStrategy=SINGLE_RECORD" in line for line in log
    )
    assert any("all workers finished loading model" in line for line in log)


def test_a_bad_line_fails_the_job_and_its_file_alone(model, request_for, transforms, bucket):
    files = {"bad.jsonl": PRAISE + "no json\n", "good.jsonl": PRAISE}
    job = transforms.run(request_for(model(), files))
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        "ClientError: See job logs for more information. bad.jsonl: ClientError: 400. Message: "
        "Unable to decode payload: Incorrect data format. (caused by ValueError)"
    )
    assert bucket.keys("out/") == ["out/job/good.jsonl.out"]
    log = transforms.log(job["TransformJobName"])
    assert any(line.endswith("[sagemaker logs]: bad.jsonl: ClientError: 400") for line in log)


def test_a_line_without_a_source_fails_with_the_containers_words(model, request_for, transforms):
    job = transforms.run(request_for(model(), {"texts.jsonl": '{"text": "lovely"}\n'}))
    assert "Please provide a JSON object with 'source' on each line." in job["FailureReason"]


def test_a_model_that_answers_500_fails_the_job(model, request_for, transforms):
    request = request_for(model(LOCAL_AWS_FAULT="answers-500"), {"texts.jsonl": PRAISE})
    job = transforms.run(request | {"ModelClientConfig": {"InvocationsMaxRetries": 1}})
    assert job["FailureReason"] == (
        "AlgorithmError: See job logs for more information. texts.jsonl: "
        "Bad HTTP status received from algorithm: 500. Message: Internal Server Error"
    )


def test_a_model_that_does_not_answer_in_time_fails_the_job(model, request_for, transforms):
    limits = {"InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": 0}
    request = request_for(model(), {"texts.jsonl": PRAISE}, Environment={"LOCAL_AWS_FAULT": "hangs"})
    job = transforms.run(request | {"ModelClientConfig": limits})
    assert "texts.jsonl: Unable to get response from algorithm" in job["FailureReason"]


def test_a_model_server_that_dies_is_started_again(model, request_for, transforms, bucket):
    request = request_for(model(LOCAL_AWS_FAULT="dies"), {"texts.jsonl": PRAISE * 12})
    job = transforms.run(request | {"BatchStrategy": "SingleRecord"})
    assert job["TransformJobStatus"] == "Completed", job
    assert len(bucket.read("out/job/texts.jsonl.out").splitlines()) == 12


def test_a_model_that_does_not_load_fails_the_job(
    archive_of_nonsense, model, request_for, transforms, bucket
):
    job = transforms.run(request_for(model(content=archive_of_nonsense), {"texts.jsonl": PRAISE}))
    assert job["TransformJobStatus"] == "Failed"
    assert "The primary container did not pass the ping health check" in job["FailureReason"]
    assert any("Unable to load model" in line for line in transforms.log(job["TransformJobName"]))
    assert bucket.keys("out/") == []


@pytest.fixture
def archive_of_nonsense():
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as tar:
        member = tarfile.TarInfo("model.bin")
        member.size = 8
        tar.addfile(member, io.BytesIO(b"nonsense"))
    return body.getvalue()


def test_an_artifact_that_is_no_archive_fails_the_job(model, request_for, transforms):
    job = transforms.run(request_for(model(content=b"nothing"), {"texts.jsonl": PRAISE}))
    assert job["FailureReason"].startswith("ClientError: Failed to extract model data archive")


def test_an_input_that_is_not_there_fails_the_job(model, request_for, transforms):
    job = transforms.run(request_for(model(), {}))
    assert job["TransformJobStatus"] == "Failed"
    assert "ClientError: Data download failed: No S3 objects found under S3 URL" in job["FailureReason"]


def test_an_output_bucket_that_is_not_there_fails_the_job(model, request_for, transforms):
    output = {"S3OutputPath": "s3://no-such-bucket-anywhere/out"}
    job = transforms.run(request_for(model(), {"texts.jsonl": PRAISE}, TransformOutput=output))
    assert "the bucket no-such-bucket-anywhere" in job["FailureReason"]


def test_a_stopped_job_leaves_no_output(model, request_for, transforms, bucket):
    environment = {"LOCAL_AWS_FAULT": "hangs"}
    name = transforms.create(request_for(model(), {"texts.jsonl": PRAISE}, Environment=environment))
    transforms.stop(name)
    job = transforms.wait(name)
    assert job["TransformJobStatus"] == "Stopped"
    assert bucket.keys("out/") == []
    assert "is in status Stopped" in refusal(
        transforms.aws.client("sagemaker").stop_transform_job, TransformJobName=name
    )


def test_a_model_that_does_not_exist_is_refused(request_for, sagemaker):
    request = request_for("no-such-model", {"texts.jsonl": PRAISE})
    assert "Could not find model" in refusal(sagemaker.create_transform_job, **request)


def test_a_job_that_does_not_exist_is_not_described(sagemaker):
    assert "no transform job named nobody" in refusal(
        sagemaker.describe_transform_job, TransformJobName="nobody"
    )


def test_a_name_is_taken_for_ever(model, request_for, transforms, sagemaker):
    request = request_for(model(), {"texts.jsonl": PRAISE})
    transforms.run(request)
    with pytest.raises(ClientError, match=r"ResourceInUse.*transform job with this name already exists"):
        sagemaker.create_transform_job(**request)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"DataProcessing": {"InputFilter": "$..text"}}, "'$..text' is not a JSONPath that is embedded"),
        ({"DataProcessing": {"OutputFilter": "label"}}, "it must begin with $"),
        ({"DataCaptureConfig": {"DestinationS3Uri": "s3://x/y"}}, "DataCaptureConfig is not embedded"),
        ({"MaxPayloadInMB": 0}, "MaxPayloadInMB 0 is not embedded"),
        ({"MaxPayloadInMB": 50, "MaxConcurrentTransforms": 3}, "must not exceed 100 MB"),
        ({"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2}}, "InstanceCount is 2"),
    ],
)
def test_what_is_not_embedded_is_refused_by_name(model, request_for, sagemaker, changes, words):
    request = request_for(model(), {"texts.jsonl": PRAISE}, **changes)
    assert words in refusal(sagemaker.create_transform_job, **request)


@pytest.mark.parametrize(
    ("where", "member", "value"),
    [
        ("TransformInput", "CompressionType", "Gzip"),
        ("TransformInput", "SplitType", "RecordIO"),
    ],
)
def test_formats_that_are_not_embedded_are_refused_by_name(
    model, request_for, sagemaker, where, member, value
):
    request = request_for(model(), {"texts.jsonl": PRAISE})
    request[where][member] = value
    message = refusal(sagemaker.create_transform_job, **request)
    assert f"{where}: {member} {value!r} is not embedded" in message


def task(**changes):
    stated = {
        "job": "job",
        "log_group": "group",
        "content_type": "application/jsonlines",
        "accept": "application/jsonlines",
        "by_line": True,
        "strategy": "MultiRecord",
        "assemble_by_line": True,
        "payload_mb": 1,
        "concurrency": 1,
        "timeout_seconds": 60,
        "retries": 0,
        "environment": {},
        "server": [],
    }
    return Task(**stated | changes)


HALF = b"x" * (1024 * 512 - 1) + b"\n"


def test_a_batch_has_as_many_lines_as_the_payload_has_room_for(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(HALF * 2 + b"short\n" + HALF)
    found = list(batches(path, task()))
    assert [batch.body for batch in found] == [HALF * 2, b"short\n" + HALF]
    assert [len(batch.records) for batch in found] == [2, 2]


@pytest.mark.parametrize("by_line", [True, False])
def test_a_record_beyond_the_payload_is_an_error(tmp_path, by_line):
    path = tmp_path / "lines"
    path.write_bytes(b"x" * (1024 * 1024 + 1))
    with pytest.raises(InputError, match="Too much data for max payload size"):
        list(batches(path, task(by_line=by_line)))


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
def test_records_are_filtered_joined_with_their_answers_and_filtered_again(
    model, request_for, transforms, bucket, strategy
):
    lines = [json.dumps({"id": n, "in": json.loads(text)}) for n, text in enumerate((PRAISE, BLAME))]
    processing = {"InputFilter": "$.in", "JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"}
    request = request_for(
        model(), {"texts.jsonl": "\n".join(lines)}, BatchStrategy=strategy, DataProcessing=processing
    )
    job = transforms.run(request)
    assert job["TransformJobStatus"] == "Completed", job
    output = [json.loads(line) for line in bucket.read("out/job/texts.jsonl.out").splitlines()]
    assert [(each["id"], each["SageMakerOutput"]["label"][0]) for each in output] == [
        (0, "__label__good"),
        (1, "__label__bad"),
    ]


def test_a_json_document_is_one_record(model, request_for, transforms, bucket):
    text = json.dumps({"name": "n", "body": {"instances": ["a fine dress"]}})
    request = request_for(
        model(),
        {"doc.json": text},
        split="None",
        assemble="None",
        DataProcessing={"InputFilter": "$.body", "OutputFilter": "$[0].label"},
    )
    request["TransformInput"]["ContentType"] = request["TransformOutput"]["Accept"] = "application/json"
    assert transforms.run(request)["TransformJobStatus"] == "Completed"
    assert len(json.loads(bucket.read("out/job/doc.json.out"))) == 1


def test_a_content_type_that_the_model_does_not_take_fails_the_job_as_its_container_says(
    model, request_for, transforms
):
    request = request_for(model(), {"texts.csv": "a,b\n"})
    request["TransformInput"]["ContentType"] = request["TransformOutput"]["Accept"] = "text/csv"
    job = transforms.run(request)
    assert job["TransformJobStatus"] == "Failed"
    assert "content-type text/csv not supported" in job["FailureReason"]


def test_a_record_that_a_filter_does_not_fit_fails_the_job(model, request_for, transforms):
    request = request_for(model(), {"t.jsonl": PRAISE}, DataProcessing={"InputFilter": "$.absent"})
    job = transforms.run(request)
    assert "The filter $.absent does not fit the record." in job["FailureReason"]


def test_a_join_needs_the_same_format_in_and_out(model, request_for, sagemaker):
    request = request_for(model(), {"t.jsonl": PRAISE}, DataProcessing={"JoinSource": "Input"})
    request["TransformOutput"]["Accept"] = "text/csv"
    assert "needs the same format in and out" in refusal(sagemaker.create_transform_job, **request)


@pytest.mark.parametrize(
    ("path", "record", "kept"),
    [
        ("$[1:]", b"id,1,2", b"1,2"),
        ("$[0,-1]", b"id,1,2", b"id,2"),
        ("$[1]", b'id,"a, b",2', b'"a, b"'),
        ("$", b"id,1", b"id,1"),
    ],
)
def test_columns_of_a_row_are_kept(path, record, kept):
    value = records.Filter.parse(path).apply(records.parsed(record, records.CSV))
    assert records.written(value, records.CSV) == kept


def test_an_answer_is_put_behind_the_cells_of_its_row():
    assert records.joined(["id", "1"], ["0.5"], records.CSV) == ["id", "1", "0.5"]
    assert records.joined([1, 2], 3, records.JSON) == {"SageMakerInput": [1, 2], "SageMakerOutput": 3}
