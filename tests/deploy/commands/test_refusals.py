"""What verify, reject, rollback and teardown refuse and why: what was found, what was expected and what to do."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from model_common.leftovers import Leftovers
from model_common.stack_events import STACK_TYPE, Event
from model_deploy.aws import endpoint, observation, records, registry, stack
from model_deploy.commands import reject, rollback, teardown, verify
from model_deploy.core.model_package.package import Candidate, Package
from model_deploy.core.plan.observed import Endpoint, Live, Observed, Stack
from model_deploy.core.record import Record
from model_deploy.errors import RefusedError, StackError, UsageError
from model_deploy.rollout import prune
from model_deploy.rollout.update.watch import Watch

GROUP = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models"
QUIET = Console(file=io.StringIO())
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def package(version, approval="Approved", **metadata):
    return Package(f"{GROUP}/{version}", "shop-models", version, approval, metadata=metadata)


def live(version):
    arn = f"{GROUP}/{version}" if version else None
    return Live(Endpoint("shop-staging", "InService", "config-1"), "model-1", arn)


# verify


def observed(monkeypatch, found):
    monkeypatch.setattr(observation, "observe", lambda aws, stack_name, name: Observed(live=found))


@pytest.mark.parametrize("found", [None, live(None)], ids=["no endpoint", "a model of no package"])
def test_verify_needs_something_live(workspace, monkeypatch, found):
    observed(monkeypatch, found)
    with pytest.raises(
        UsageError, match=r"^Nothing is live in staging; `model-deploy rollout` brings a package there\.$"
    ):
        verify.run(workspace, None)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (Candidate(package(7), None, contract_problem="It was changed."), "It was changed."),
        (None, "there is no checks/reviews.json."),
    ],
    ids=["no contract", "no checks"],
)
def test_verify_says_what_it_lacks(workspace, monkeypatch, candidate, contract, made, said):
    observed(monkeypatch, live(7))
    candidate(made or Candidate(package(7), contract))
    with pytest.raises(RefusedError) as refused:
        verify.run(workspace, None)
    assert refused.value.message == f"{GROUP}/7 cannot be verified: {said}"


# reject


@pytest.mark.parametrize("approval", ["Approved", "PendingManualApproval"])
def test_only_a_rejected_package_is_rejected(workspace, monkeypatch, approval):
    monkeypatch.setattr(registry, "describe", lambda aws, arn: package(7, approval))
    with pytest.raises(RefusedError) as refused:
        reject.run(workspace, f"{GROUP}/7", None, QUIET)
    assert refused.value.message == (
        f"Version 7 ({GROUP}/7) is {approval}, not Rejected: nothing was changed in staging."
    )


# rollback


def record(version, outcome="deployed", verified=True):
    return Record(
        time=NOON,
        deployment="abc-1",
        stage="staging",
        endpoint="shop-staging",
        kind="rollout",
        model_package_arn=f"{GROUP}/{version}",
        model_package_version=version,
        outcome=outcome,
        verified=verified,
        failures=(),
        why="",
        forced=None,
        who="ada",
        commit="c0ffee",
        model_commit="beef",
        plan_sha256="0" * 64,
        replaced=None,
    )


NINE = live(9)


@pytest.fixture
def past(monkeypatch, serves):
    """States the records of staging, the latest first, what is live, and the approvals; None for a deleted package."""

    def past(*found, current=NINE, approvals=None):
        serves(current)
        monkeypatch.setattr(records, "history", lambda aws, bucket, stage: iter(found))
        monkeypatch.setattr(records, "find", lambda aws, bucket, key: None)
        monkeypatch.setattr(stack, "describe", lambda aws, name: None)

        def describe(aws, arn):
            version = int(arn.rpartition("/")[2])
            approval = (approvals or {}).get(version, "Approved")
            if approval is None:
                raise UsageError(f"There is no model package {arn}")
            return package(version, approval)

        monkeypatch.setattr(registry, "describe", describe)

    return past


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ([record(9), record(8), record(7)], 8),
        ([record(9), record(8, verified=False), record(7)], 7),
        ([record(9), record(8, outcome="rolled back", verified=None), record(8), record(7)], 8),
        ([record(9), record(8, verified=False), record(8), record(7)], 7),
        ([record(8), record(9), record(7)], 8),
    ],
    ids=[
        "the one before",
        "not verified",
        "rolled back later",
        "verified before, and not since",
        "by its record",
    ],
)
def test_a_rollback_goes_to_the_latest_other_version_whose_last_record_says_verified(
    workspace, past, found, chosen
):
    past(*found)
    choice = rollback.choose(workspace, None, None)
    assert choice == rollback.Choice(f"{GROUP}/{chosen}", "rollback from version 9")


def test_a_rollbacks_reason_follows_where_it_comes_from(workspace, past):
    past(record(8), current=None)
    assert rollback.choose(workspace, None, "complaints").why == "rollback from nothing: complaints"
    assert rollback.choose(workspace, 8, None).arn == f"{GROUP}/8"


def test_a_version_that_was_not_verified_here_is_answered_with_those_that_were(workspace, past):
    past(record(9), record(8), record(7, verified=False))
    with pytest.raises(RefusedError) as refused:
        rollback.choose(workspace, 7, None)
    assert refused.value.message == (
        "No record says that version 7 was verified in staging; verified there: 9, 8. Any other version goes the way of a new "
        "one: `model-deploy rollout`."
    )
    past()
    with pytest.raises(RefusedError, match="verified there: none"):
        rollback.choose(workspace, 7, None)


def test_versions_that_cannot_be_gone_back_to_are_told_with_their_approval(workspace, past):
    past(record(9), record(8), record(7), approvals={8: "Rejected", 7: None})
    with pytest.raises(RefusedError) as refused:
        rollback.choose(workspace, None, None)
    assert refused.value.message == (
        f"There is no version to go back to in staging, where version 9 ({GROUP}/9) is live: no other was verified there and is "
        "still approved. Verified there before: version 8 is Rejected, version 7 is not in the registry any more. Approve one of "
        "them again, or roll out another version (`model-deploy rollout`); `model-deploy teardown --stage staging` takes the live "
        "one out of service without another."
    )


def test_where_nothing_else_was_verified_there_is_nothing_to_approve(workspace, past):
    past(record(9))
    with pytest.raises(RefusedError, match=r"still approved\. Roll out another version"):
        rollback.choose(workspace, None, None)


def test_the_way_back_is_a_command_or_a_teardown(workspace, past):
    past(record(9), record(8))
    expected = "`model-deploy rollback --stage staging --to 8` brings back the version before it."
    assert rollback.way_back(workspace) == expected
    past(record(9))
    assert rollback.way_back(workspace) == (
        "There is no version to go back to; `model-deploy teardown --stage staging` takes this one out of service."
    )


# teardown

STACK = Stack("shop-staging-endpoint", "id", "CREATE_COMPLETE", NOON)
INVENTORY = teardown.Inventory("staging", STACK, {}, None, None, Leftovers(), "s3://shop/")


@pytest.mark.parametrize(
    ("reason", "failed", "said"),
    [
        (
            "",
            Event("1", "Role", "AWS::IAM::Role", "DELETE_FAILED", "It is in use.", NOON),
            "Role: It is in use",
        ),
        ("Something is in use", None, "Something is in use"),
        ("", None, "it says no more"),
    ],
    ids=["a resource", "the stack's reason", "nothing"],
)
def test_a_stack_that_cannot_be_deleted_is_told_with_what_keeps_it(
    workspace, monkeypatch, reason, failed, said
):
    kept = replace(STACK, status="DELETE_FAILED", reason=reason)
    begun = Event("0", "shop", STACK_TYPE, "DELETE_IN_PROGRESS", "", NOON)
    monkeypatch.setattr(stack, "delete", lambda aws, found: None)
    monkeypatch.setattr(stack, "last_operation", lambda aws, name: [begun, *([failed] if failed else [])])
    monkeypatch.setattr(Watch, "deletion", lambda self, stack_id: kept)
    with pytest.raises(StackError) as refused:
        teardown.run(workspace, INVENTORY, QUIET)
    assert refused.value.message == (
        f"The stack shop-staging-endpoint could not be deleted (DELETE_FAILED): {said}. Remove what keeps it, and run the same "
        "command again."
    )


def test_an_endpoint_that_is_gone_meanwhile_is_deleted_enough(workspace, monkeypatch):
    class SageMaker:
        def delete_endpoint(self, EndpointName):
            message = f'Could not find endpoint "{EndpointName}".'
            raise ClientError(
                {"Error": {"Code": "ValidationException", "Message": message}}, "DeleteEndpoint"
            )

    workspace.aws.sagemaker = SageMaker()
    waited = []
    monkeypatch.setattr(endpoint, "describe", lambda aws, name: Endpoint(name, "Updating", "config-1"))
    monkeypatch.setattr(Watch, "endpoint", lambda self: waited.append("endpoint"))
    monkeypatch.setattr(prune, "find", lambda *arguments: Leftovers())
    monkeypatch.setattr(teardown, "take_inventory", lambda made: replace(INVENTORY, stack=None))
    assert not teardown.run(workspace, replace(INVENTORY, stack=None), QUIET)
    assert waited == ["endpoint", "endpoint"]  # SageMaker deletes no endpoint during an update
