"""What a project leaves or keeps outside its stack: found by its tag, deleted in every state, and nothing of a neighbour's."""

import pytest

from model_common.leftovers import Leftovers
from project_template.account import leftovers, retained
from project_template.account.retained import Retained
from project_template.errors import ProjectError

SM = "arn:aws:sagemaker:eu-west-1:123456789012:"
OURS = {"sagemaker:project-id": "p-1"}
TRIAL = {"model-build:trial-deadline": "2026-11-30T12:00:00Z"}


def tag_list(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@pytest.fixture
def held(script, stated):
    """States SageMaker's lists, each (name, tags, status); tags None is something that is deleted meanwhile."""

    def state(endpoints=(), configs=(), models=(), pipelines=()):
        kinds = {"endpoint": endpoints, "endpoint-config": configs, "model": models, "pipeline": pipelines}
        tags = {f"{SM}{kind}/{each[0]}": each[1] for kind, listed in kinds.items() for each in listed}
        gone = stated.refusal("ValidationException", "Could not find it.")
        script.on(
            "ListTags",
            lambda asked: (
                gone if tags[asked["ResourceArn"]] is None else {"Tags": tag_list(tags[asked["ResourceArn"]])}
            ),
        )
        now = {"CreationTime": stated.now, "LastModifiedTime": stated.now}
        script.on(
            "ListEndpoints",
            {
                "Endpoints": [
                    {
                        "EndpointName": name,
                        "EndpointArn": f"{SM}endpoint/{name}",
                        "EndpointStatus": status,
                        **now,
                    }
                    for name, _, status in endpoints
                ]
            },
        )
        script.on(
            "ListEndpointConfigs",
            {
                "EndpointConfigs": [
                    {
                        "EndpointConfigName": name,
                        "EndpointConfigArn": f"{SM}endpoint-config/{name}",
                        "CreationTime": stated.now,
                    }
                    for name, _ in configs
                ]
            },
        )
        script.on(
            "ListModels",
            {
                "Models": [
                    {"ModelName": name, "ModelArn": f"{SM}model/{name}", "CreationTime": stated.now}
                    for name, _ in models
                ]
            },
        )
        script.on(
            "ListPipelines",
            {
                "PipelineSummaries": [
                    {"PipelineName": name, "PipelineArn": f"{SM}pipeline/{name}"} for name, _ in pipelines
                ]
            },
        )

    return state  # fmt: skip


def test_models_and_configurations_are_those_that_carry_every_tag(held, aws):
    both = OURS | {"team": "nlp"}
    held(
        configs=[
            ("ours", both),
            ("half", OURS),
            ("another", {"sagemaker:project-id": "p-2", "team": "nlp"}),
            ("bare", {}),
        ],
        models=[("gone", None), ("mine", both | {"x": "y"})],
    )
    found = leftovers.find(aws, "shop", both)
    assert (found.endpoint_configs, found.models, found.trials) == (("ours",), ("mine",), ())


@pytest.mark.parametrize(
    ("tags", "status", "is_trial"),
    [
        (OURS | TRIAL, "InService", True),
        (OURS | TRIAL, "Creating", True),
        (OURS | TRIAL, "Failed", True),
        (OURS | TRIAL, "Deleting", False),
        (OURS, "InService", False),
        (TRIAL, "InService", False),
        ({"sagemaker:project-id": "p-2"} | TRIAL, "InService", False),
        (None, "InService", False),
    ],
)
def test_a_trial_is_an_endpoint_of_the_project_with_a_deadline_that_is_not_going_already(
    held, aws, tags, status, is_trial
):
    held(endpoints=[("e", tags, status)])
    assert leftovers.find(aws, "shop", OURS).trials == (("e",) if is_trial else ())


def test_pipelines_of_a_project_whose_name_begins_alike_are_its_own(held, aws, script):
    held(
        pipelines=[
            ("shop-reviews", OURS),
            ("shop-pr-reviews", {"sagemaker:project-id": "p-2"}),
            ("shop-pr-7-x", OURS),
        ]
    )
    assert list(leftovers.pipelines(aws, "shop", OURS)) == ["shop-reviews", "shop-pr-7-x"]
    assert script.asked("ListPipelines") == [{"PipelineNamePrefix": "shop"}]


def execution(number, status):
    return {"PipelineExecutionArn": f"{SM}pipeline/p/execution/{number}", "PipelineExecutionStatus": status}


def test_a_pipelines_runs_are_stopped_and_waited_for_before_it_is_deleted(script, aws, watch):
    runs = [
        [execution(1, "Executing"), execution(2, "Succeeded"), execution(3, "Stopping")],
        [execution(1, "Stopping"), execution(3, "Stopped")],
        [execution(1, "Stopped"), execution(3, "Failed")],
    ]
    script.on("ListPipelineExecutions", *({"PipelineExecutionSummaries": each} for each in runs))
    script.on("StopPipelineExecution", {}).on("DeletePipeline", {"PipelineArn": f"{SM}pipeline/p"})
    leftovers.delete_pipeline(aws, "p", watch)
    assert [each["PipelineExecutionArn"] for each in script.asked("StopPipelineExecution")] == [
        f"{SM}pipeline/p/execution/1"
    ]
    assert [operation for operation, _ in script.calls].count("ListPipelineExecutions") == 3
    assert script.changes == ["StopPipelineExecution", "DeletePipeline"]


def test_a_pipeline_that_somebody_else_deletes_meanwhile_is_no_failure(script, aws, watch, stated):
    gone = stated.refusal("ResourceNotFound", "Pipeline p does not exist.")
    script.on("ListPipelineExecutions", {"PipelineExecutionSummaries": [execution(1, "Executing")]}, gone)
    script.on("StopPipelineExecution", gone).on("DeletePipeline", gone)
    leftovers.delete_pipeline(aws, "p", watch)
    assert script.changes == ["StopPipelineExecution", "DeletePipeline"]


@pytest.mark.parametrize("operation", ["ListPipelineExecutions", "StopPipelineExecution", "DeletePipeline"])
def test_a_pipeline_that_may_not_be_touched_is_an_error(script, aws, watch, stated, operation):
    script.on(
        "ListPipelineExecutions",
        {"PipelineExecutionSummaries": [execution(1, "Executing")]},
        {"PipelineExecutionSummaries": []},
    )
    script.on("StopPipelineExecution", {}).on("DeletePipeline", {"PipelineArn": f"{SM}pipeline/p"})
    script.on(operation, stated.refusal("AccessDeniedException"))
    with pytest.raises(aws.sagemaker.exceptions.ClientError, match=operation):
        leftovers.delete_pipeline(aws, "p", watch)


def test_everything_is_deleted_trials_first_and_said(script, aws, watch, stated):
    creating = stated.refusal("ValidationException", "Cannot update in-progress endpoint")
    script.on("DeleteEndpoint", creating, creating, {})
    script.on(
        "DeleteEndpointConfig",
        stated.refusal("ValidationException", "Could not find endpoint configuration c."),
    )
    script.on("DeleteModel", {})
    found = Leftovers(endpoint_configs=("c",), models=("m",), trials=("t",))
    assert list(leftovers.delete(aws, found, watch)) == [
        "Deleted the trial endpoint t",
        "Deleted the endpoint configuration c",
        "Deleted the model m",
    ]
    assert script.changes == ["DeleteEndpoint"] * 3 + ["DeleteEndpointConfig", "DeleteModel"]


def test_a_trial_that_is_gone_already_is_deleted_and_one_that_is_denied_is_an_error(
    script, aws, watch, stated
):
    found = Leftovers(trials=("t",))
    script.on("DeleteEndpoint", stated.refusal("ValidationException", 'Could not find endpoint "t".'))
    assert list(leftovers.delete(aws, found, watch)) == ["Deleted the trial endpoint t"]
    script.on("DeleteEndpoint", stated.refusal("AccessDeniedException", "no"))
    with pytest.raises(aws.sagemaker.exceptions.ClientError, match="AccessDenied"):
        list(leftovers.delete(aws, found, watch))


@pytest.mark.parametrize(
    ("code", "is_error"), [("ResourceNotFoundException", False), ("AccessDeniedException", True)]
)
def test_the_schedule_is_deleted_where_there_is_one(script, aws, stated, code, is_error):
    script.on("DeleteSchedule", stated.refusal(code))
    if is_error:
        with pytest.raises(aws.scheduler.exceptions.ClientError):
            leftovers.delete_schedule(aws, "shop")
    else:
        leftovers.delete_schedule(aws, "shop")
    assert script.asked("DeleteSchedule")[0]["Name"] == "shop-new-data"


@pytest.fixture
def kept(script, stated):
    """States what carries the tag: buckets that exist or not, keys by state, and the group's tags (None: no group)."""

    def state(buckets=(), gone=(), keys=(), group=None):
        arns = [f"arn:aws:s3:::{each}" for each in (*buckets, *gone)]
        arns += [f"arn:aws:kms:eu-west-1:123456789012:key/{key}" for key, _ in keys]
        mappings = [{"ResourceARN": arn, "Tags": tag_list(OURS)} for arn in arns]
        pages = [
            {"ResourceTagMappingList": [each], "PaginationToken": each["ResourceARN"]}
            for each in mappings[:-1]
        ]
        script.on("GetResources", *pages, {"ResourceTagMappingList": mappings[-1:], "PaginationToken": ""})
        script.on(
            "HeadBucket", lambda asked: stated.refusal("404", status=404) if asked["Bucket"] in gone else {}
        )
        states, missing = dict(keys), stated.refusal("NotFoundException", "Key does not exist")
        script.on("DescribeKey", lambda asked: missing if states[asked["KeyId"]] is None else
                  {"KeyMetadata": {"KeyId": asked["KeyId"], "KeyState": states[asked["KeyId"]]}})  # fmt: skip
        described = {"ModelPackageGroupName": "shop-models", "ModelPackageGroupArn": f"{SM}model-package-group/shop-models",
                     "CreationTime": stated.now, "CreatedBy": {}, "ModelPackageGroupStatus": "Completed"}  # fmt: skip
        absent = stated.refusal("ValidationException", "ModelPackageGroup shop-models does not exist.")
        script.on("DescribeModelPackageGroup", absent if group is None else described)
        script.on("ListTags", {"Tags": tag_list(group or {})})

    return state


def test_what_is_kept_is_what_exists_and_carries_the_tag_on_every_page(kept, aws, script):
    kept(
        buckets=["b", "a"],
        gone=["deleted"],
        keys=[
            ("k2", "Enabled"),
            ("k1", "Disabled"),
            ("k3", "PendingDeletion"),
            ("k4", "PendingReplicaDeletion"),
            ("k5", None),
        ],
        group=OURS,
    )
    assert retained.find(aws, "shop", OURS) == Retained(
        buckets=("a", "b"), keys=("k1", "k2"), groups=("shop-models",)
    )
    assert script.asked("GetResources")[0]["TagFilters"] == [
        {"Key": "sagemaker:project-id", "Values": ["p-1"]}
    ]


@pytest.mark.parametrize(
    "group", [None, {}, {"sagemaker:project-id": "p-2"}], ids=["none", "without the tag", "another's"]
)
def test_a_group_of_that_name_that_is_not_the_projects_is_not_kept_for_it(kept, aws, group):
    kept(group=group)
    found = retained.find(aws, "shop", OURS)
    assert found == Retained()
    assert not found


@pytest.mark.parametrize("operation", ["HeadBucket", "DescribeKey", "DescribeModelPackageGroup"])
def test_what_may_not_be_looked_at_is_not_taken_for_gone(kept, aws, script, stated, operation):
    kept(buckets=["b"], keys=[("k", "Enabled")], group=OURS)
    script.on(
        operation, stated.refusal("AccessDeniedException" if operation != "HeadBucket" else "403", status=403)
    )
    with pytest.raises(aws.s3.exceptions.ClientError, match=operation):
        retained.find(aws, "shop", OURS)


def version(number):
    return {"Key": f"k{number}", "VersionId": f"v{number}"}


def test_a_bucket_is_emptied_of_every_version_and_marker_page_by_page(script, aws):
    pages = [
        {
            "Versions": [version(1)],
            "DeleteMarkers": [version(2)],
            "IsTruncated": True,
            "NextKeyMarker": "k2",
            "NextVersionIdMarker": "v2",
        },
        {"Versions": [version(3)], "IsTruncated": False},
    ]
    script.on("ListObjectVersions", *pages).on("DeleteObjects", {}).on("DeleteBucket", {})
    assert retained.delete_bucket(aws, "b") == 3
    named = [[each["Key"] for each in asked["Delete"]["Objects"]] for asked in script.asked("DeleteObjects")]
    assert named == [["k1", "k2"], ["k3"]]
    assert script.changes[-1] == "DeleteBucket"


def test_an_empty_bucket_is_deleted_without_asking_for_objects(script, aws):
    script.on("ListObjectVersions", {"IsTruncated": False}).on("DeleteBucket", {})
    assert retained.delete_bucket(aws, "b") == 0
    assert script.changes == ["DeleteBucket"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            {"Key": "k1", "Code": "AccessDenied", "Message": "Object is locked."},
            "the first is k1: Object is locked.",
        ),
        ({"Key": "k1", "Code": "AccessDenied"}, "the first is k1: AccessDenied."),
    ],
)
def test_objects_that_are_locked_are_counted_and_the_first_is_named_and_the_bucket_stays(
    script, aws, error, said
):
    script.on("ListObjectVersions", {"Versions": [version(1), version(2)], "IsTruncated": False})
    script.on("DeleteObjects", {"Errors": [error, {"Key": "k2", "Code": "AccessDenied"}]})
    with pytest.raises(ProjectError) as failed:
        retained.delete_bucket(aws, "b")
    assert said in failed.value.message
    assert failed.value.message.startswith("2 objects of the bucket b cannot be deleted; ")
    assert "DeleteBucket" not in script.changes


def test_models_go_before_their_group_and_the_key_last(script, aws, stated):
    packages = [{"ModelPackageArn": f"{SM}model-package/shop-models/{number}", "ModelPackageStatus": "Completed",
                 "CreationTime": stated.now, "ModelPackageName": "x"} for number in (1, 2)]  # fmt: skip
    script.on(
        "ListModelPackages",
        {"ModelPackageSummaryList": packages[:1], "NextToken": "n"},
        {"ModelPackageSummaryList": packages[1:]},
    )
    script.on("DeleteModelPackage", {}).on("DeleteModelPackageGroup", {}).on("DeleteBucket", {})
    script.on("ListObjectVersions", {"IsTruncated": False})
    script.on("ScheduleKeyDeletion", {"KeyId": "k"})
    assert list(retained.delete(aws, Retained(("b",), ("k",), ("shop-models",)))) == [
        "Deleted the model package group shop-models with 2 model packages",
        "Deleted the bucket b with 0 versions of objects",
        "The key k goes in 7 days; until then `aws kms cancel-key-deletion` keeps it",
    ]
    assert script.changes == ["DeleteModelPackage"] * 2 + [
        "DeleteModelPackageGroup",
        "DeleteBucket",
        "ScheduleKeyDeletion",
    ]
    assert script.asked("ScheduleKeyDeletion") == [{"KeyId": "k", "PendingWindowInDays": 7}]


@pytest.mark.parametrize(
    ("message", "is_error"), [("ModelPackageGroup does not exist", False), ("It has packages", True)]
)
def test_a_group_that_is_gone_meanwhile_is_deleted_and_one_that_is_not_empty_is_an_error(
    script, aws, stated, message, is_error
):
    script.on("ListModelPackages", {"ModelPackageSummaryList": []})
    script.on("DeleteModelPackageGroup", stated.refusal("ConflictException", message))
    deleting = retained.delete(aws, Retained(groups=("shop-models",)))
    if is_error:
        with pytest.raises(aws.sagemaker.exceptions.ClientError, match="It has packages"):
            list(deleting)
    else:
        assert list(deleting) == ["Deleted the model package group shop-models with 0 model packages"]
