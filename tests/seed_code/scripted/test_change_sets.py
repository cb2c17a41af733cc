"""Change sets and the deletion of stacks: what each state of CloudFormation ends with, and what is left behind."""

import pytest

from project_template.aws import change_sets
from project_template.core.plan import ApplyStack, Kind
from project_template.errors import RolledBackError, StackError, TimedOutError

STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/nlp-publication/1"
CHANGE_SET = "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/c/1"


def step(kind=Kind.UPDATE, template="{}"):
    return ApplyStack("nlp-publication", kind, template, ())


@pytest.fixture
def cloudformation(script, stated):
    """States a change set that is made, and a stack that then has these statuses."""

    def state(*statuses, change_set="CREATE_COMPLETE", reason="", events=()):
        found = {"Status": change_set, "StatusReason": reason, "StackId": STACK_ID, "ChangeSetId": CHANGE_SET}
        script.on("DeleteChangeSet", stated.refusal("ChangeSetNotFound", status=404))
        script.on("CreateChangeSet", {"Id": CHANGE_SET, "StackId": STACK_ID})
        script.on(
            "DescribeChangeSet",
            found | {"Status": "CREATE_PENDING"},
            found | {"Status": "CREATE_IN_PROGRESS"},
            found,
        )
        script.on("ExecuteChangeSet", {})
        before = [stated.event(1, "nlp-publication", "CREATE_COMPLETE")]
        script.on("DescribeStackEvents", {"StackEvents": before}, {"StackEvents": [*events, *before]})
        answers = [
            stated.missing_stack if each is None else stated.stack("nlp-publication", each)
            for each in statuses
        ]
        script.on("DescribeStacks", *answers)

    return state


def test_a_stack_is_brought_to_a_template_and_followed(cloudformation, script, aws, watch, said, stated):
    cloudformation(
        "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", events=[stated.event(2, "Queue", "UPDATE_COMPLETE")]
    )
    tags = {"b": "2", "a": "1"}
    assert change_sets.apply(aws, step(), tags, watch).status == "UPDATE_COMPLETE"
    [asked] = script.asked("CreateChangeSet")
    assert (asked["ChangeSetType"], asked["TemplateBody"], asked["StackName"]) == (
        "UPDATE",
        "{}",
        "nlp-publication",
    )
    assert asked["Tags"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    assert asked["Capabilities"] == ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
    assert script.asked("ExecuteChangeSet") == [{"ChangeSetName": CHANGE_SET, "StackName": STACK_ID}]
    assert [line.split()[1:] for line in said.lines] == [["UPDATE_COMPLETE", "Queue"]]


def test_a_new_stack_is_a_change_set_that_creates(cloudformation, script, aws, watch, stated):
    cloudformation("CREATE_COMPLETE", events=[stated.event(2, "Queue", "CREATE_COMPLETE")])
    change_sets.apply(aws, step(Kind.CREATE), {}, watch)
    assert script.asked("CreateChangeSet")[0]["ChangeSetType"] == "CREATE"


def test_equal_templates_have_equal_change_sets_so_that_one_that_was_left_is_found(
    cloudformation, script, aws, watch, stated
):
    for number, template in enumerate(("{}", "{}", "{ }"), 2):
        cloudformation("UPDATE_COMPLETE", events=[stated.event(number, "Queue", "UPDATE_COMPLETE")])
        change_sets.apply(aws, step(template=template), {}, watch)
    discarded = [each["ChangeSetName"] for each in script.asked("DeleteChangeSet")]
    assert discarded == [each["ChangeSetName"] for each in script.asked("CreateChangeSet")]
    assert discarded[0] == discarded[1] != discarded[2]


@pytest.mark.parametrize(
    ("code", "message", "is_refused"),
    [
        ("ChangeSetNotFound", "ChangeSet [x] does not exist", False),
        ("ValidationError", "Stack [nlp-publication] does not exist", False),
        ("AccessDenied", "User is not authorized", True),
        ("Throttling", "Rate exceeded", True),
        ("InvalidChangeSetStatus", "It is being executed", True),
    ],
)
def test_a_change_set_that_cannot_be_looked_for_ends_the_command_before_one_is_made(
    cloudformation, script, aws, watch, stated, code, message, is_refused
):
    cloudformation("UPDATE_COMPLETE", events=[stated.event(2, "Queue", "UPDATE_COMPLETE")])
    script.on("DeleteChangeSet", stated.refusal(code, message))
    if is_refused:
        with pytest.raises(aws.cloudformation.exceptions.ClientError, match=code):
            change_sets.apply(aws, step(), {}, watch)
    else:
        change_sets.apply(aws, step(), {}, watch)
    assert ("CreateChangeSet" not in script.changes) is is_refused


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different ...",
        "No updates are to be performed.",
    ],
)
def test_a_template_that_changes_nothing_is_no_failure_and_leaves_no_change_set(
    cloudformation, script, aws, watch, reason
):
    cloudformation(change_set="FAILED", reason=reason)
    assert change_sets.apply(aws, step(), {}, watch) is None
    assert script.changes == ["DeleteChangeSet", "CreateChangeSet", "DeleteChangeSet"]


@pytest.mark.parametrize(
    ("reason", "said_"),
    [("Template error: no such parameter", "Template error: no such parameter"), ("", "it says no more")],
)
def test_a_change_set_that_cannot_be_made_says_why_and_is_not_left(
    cloudformation, script, aws, watch, reason, said_
):
    cloudformation(change_set="FAILED", reason=reason)
    with pytest.raises(StackError) as failed:
        change_sets.apply(aws, step(), {}, watch)
    assert failed.value.message == f"CloudFormation cannot make the change set for nlp-publication: {said_}"
    assert script.changes[-1] == "DeleteChangeSet"


@pytest.mark.parametrize(("length", "fits"), [(51_200, True), (51_201, False)])
def test_the_size_of_a_template_is_counted_in_bytes_before_anything_is_asked(
    cloudformation, script, aws, watch, stated, length, fits
):
    cloudformation("UPDATE_COMPLETE", events=[stated.event(2, "Queue", "UPDATE_COMPLETE")])
    text = "ü" * (length // 2) + "x" * (length % 2)
    if fits:
        change_sets.apply(aws, step(template=text), {}, watch)
        return
    with pytest.raises(StackError, match=r"nlp-publication has 51201 bytes; 51200 is CloudFormation's limit"):
        change_sets.apply(aws, step(template=text), {}, watch)
    assert script.calls == []


FAILED_ROLE = (
    "Role",
    "CREATE_FAILED",
    'Resource handler returned message: "Role x already exists" (RequestToken: abc)',
)
ENDS = [
    (
        "UPDATE_ROLLBACK_COMPLETE",
        FAILED_ROLE,
        RolledBackError,
        "Role (AWS::SQS::Queue): Role x already exists. It is as it was",
    ),
    (
        "ROLLBACK_COMPLETE",
        FAILED_ROLE,
        StackError,
        "Role (AWS::SQS::Queue): Role x already exists. Fix the cause",
    ),
    (
        "UPDATE_ROLLBACK_FAILED",
        FAILED_ROLE,
        StackError,
        "(UPDATE_ROLLBACK_FAILED): Role (AWS::SQS::Queue): Role x",
    ),
    (
        "CREATE_FAILED",
        ("Role", "CREATE_COMPLETE", ""),
        StackError,
        "(CREATE_FAILED): its events say why. Fix the cause",
    ),
    (None, FAILED_ROLE, StackError, "(gone): Role (AWS::SQS::Queue): Role x already exists. Fix the cause"),
    (None, ("Role", "DELETE_COMPLETE", ""), StackError, "(gone): its events say why."),
]


@pytest.mark.parametrize(("status", "event", "kind", "said_"), ENDS)
def test_every_end_but_success_is_an_error_with_the_first_cause(
    cloudformation, aws, watch, stated, status, event, kind, said_
):
    cloudformation("UPDATE_IN_PROGRESS", status, events=[stated.event(2, *event)])
    with pytest.raises(kind) as failed:
        change_sets.apply(aws, step(), {}, watch)
    assert type(failed.value) is kind
    assert said_ in failed.value.message
    assert failed.value.exit_code == (4 if kind is RolledBackError else 1)


def test_the_stacks_own_reason_is_told_where_no_resource_failed(cloudformation, script, aws, watch, stated):
    cloudformation(events=[stated.event(2, "Queue", "CREATE_COMPLETE")])
    failed = stated.stack("nlp-publication", "ROLLBACK_COMPLETE", StackStatusReason="Too many stacks")
    script.on("DescribeStacks", failed)
    with pytest.raises(StackError, match=r"\(ROLLBACK_COMPLETE\): Too many stacks\. Fix the cause"):
        change_sets.apply(aws, step(), {}, watch)


def test_failures_of_earlier_operations_are_no_cause(cloudformation, script, aws, watch, stated):
    cloudformation("UPDATE_ROLLBACK_COMPLETE")
    old = stated.event(1, "Old", "UPDATE_FAILED", "of last week")
    script.on(
        "DescribeStackEvents",
        {"StackEvents": [old]},
        {"StackEvents": [stated.event(2, "New", "UPDATE_FAILED", "now"), old]},
    )
    with pytest.raises(RolledBackError, match=r"New \(AWS::SQS::Queue\): now"):
        change_sets.apply(aws, step(), {}, watch)


def test_a_stack_that_does_not_get_anywhere_is_left_to_itself_after_the_limit(
    cloudformation, aws, said, stated
):
    from model_common.deadline import Deadline
    from project_template.aws.waiting import Watch

    cloudformation("UPDATE_IN_PROGRESS", events=[stated.event(2, "Queue", "UPDATE_IN_PROGRESS")])
    with pytest.raises(TimedOutError, match=r"The stack nlp-publication took longer than 0 s"):
        Watch(aws, said.progress, Deadline(0)).stack(STACK_ID)


def test_a_stack_that_is_not_there_is_deleted_already(script, aws, watch, stated):
    script.on("DescribeStacks", stated.missing_stack)
    change_sets.delete(aws, "nlp-publication", watch)
    assert script.changes == []


@pytest.mark.parametrize("last", [None, "DELETE_COMPLETE"])
def test_a_deletion_is_by_id_and_followed_until_the_stack_is_gone(
    cloudformation, script, aws, watch, stated, last
):
    cloudformation(
        "CREATE_COMPLETE", "DELETE_IN_PROGRESS", last, events=[stated.event(2, "Queue", "DELETE_COMPLETE")]
    )
    script.on("DeleteStack", {})
    change_sets.delete(aws, "nlp-publication", watch)
    assert script.asked("DeleteStack") == [{"StackName": STACK_ID}]


def test_a_deletion_that_fails_names_the_resource_that_keeps_the_stack(
    cloudformation, script, aws, watch, stated
):
    kept = stated.event(2, "Bucket", "DELETE_FAILED", "The bucket you tried to delete is not empty")
    cloudformation("CREATE_COMPLETE", "DELETE_FAILED", events=[kept])
    script.on("DeleteStack", {})
    with pytest.raises(StackError) as failed:
        change_sets.delete(aws, "nlp-publication", watch)
    assert failed.value.message == (
        "The stack nlp-publication could not be deleted (DELETE_FAILED): Bucket (AWS::SQS::Queue): The bucket you tried to "
        "delete is not empty. Remove what keeps it, and run the same command again."
    )
