"""The plan of a publication: for each state of an account the steps in their order, or why there are none."""

import hashlib

import pytest

from model_common.errors import IntegrityError
from project_template.core import plan
from project_template.core.plan import Kind, Object, Observed, Stored, Wanted
from project_template.core.stack import Stack
from project_template.errors import RefusedError, StackError

FIRST = '{"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}'
WHOLE = '{"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}, "Product": {"Type": "P"}}}'
DOMAIN, PLACE = "arn:aws:sagemaker:eu-west-1:123456789012:domain/d-1", "s3://bucket/templates/"


def thing(key, content=b"x", **tags):
    return Object(key, content, hashlib.sha256(content).hexdigest(), "text/plain", tags)


SEED, TEMPLATE, RECORD = (
    thing("seeds/a.zip"),
    thing("templates/t.yaml", b"t", visible="true"),
    thing("publication.json", b"{}"),
)
WANTED = Wanted("t-publication", "bucket", FIRST, WHOLE, (SEED,), (TEMPLATE, RECORD), (DOMAIN,), PLACE)


def stack(status="UPDATE_COMPLETE", reason=""):
    return Stack("t-publication", "id", status, reason)


def observed(**changes):
    """What there is where everything is published."""
    objects = {each.key: Stored(each.sha256, each.tags) for each in (SEED, TEMPLATE, RECORD)}
    return Observed(**{"stack": stack(), "template": WHOLE, "bucket_exists": True, "holds_bucket": True, "objects": objects,
                       "domains": {DOMAIN: PLACE}} | changes)  # fmt: skip


def without(*keys):
    return {key: each for key, each in observed().objects.items() if key not in keys}


def steps(found, wanted=WANTED):
    return [str(each) for each in plan.make(wanted, found)]


CREATE, UPDATE = "create the stack t-publication", "update the stack t-publication"
UPLOADS = [
    f"upload s3://bucket/{key} ({size} bytes)"
    for key, size in (("seeds/a.zip", 1), ("templates/t.yaml", 1), ("publication.json", 2))
]
TAG = f"tag the domain d-1 with sagemaker:projectS3TemplatesLocation={PLACE}"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(observed(), [], id="published"),
        pytest.param(observed(template=f"{WHOLE}\n# the same"), [], id="written otherwise"),
        pytest.param(Observed(), [CREATE, UPLOADS[0], UPDATE, *UPLOADS[1:], TAG], id="nothing"),
        pytest.param(observed(template=FIRST), [UPDATE], id="without the product"),
        pytest.param(observed(objects=without("seeds/a.zip")), [UPLOADS[0]], id="without an archive"),
        pytest.param(observed(objects=without("publication.json")), [UPLOADS[2]], id="without the record"),
        pytest.param(observed(objects=without("templates/t.yaml") | {"templates/t.yaml": Stored("0" * 64)}), [UPLOADS[1]], id="an older template"),
        pytest.param(observed(domains={DOMAIN: ""}), [TAG], id="a domain that shows none"),
        pytest.param(observed(domains={}), [TAG], id="a domain of which nothing is known"),
        pytest.param(observed(stack=None, template=None, bucket_exists=False, holds_bucket=False, objects={}),
                     [CREATE, UPLOADS[0], UPDATE, *UPLOADS[1:]], id="no stack"),
    ],
)  # fmt: skip
def test_the_steps_are_what_is_missing_in_the_order_that_keeps_a_publication_usable(found, expected):
    assert steps(found) == expected


def test_tags_that_are_missing_come_back_beside_those_that_are_there():
    there = without("templates/t.yaml") | {
        "templates/t.yaml": Stored(TEMPLATE.sha256, {"visible": "no", "team": "nlp"})
    }
    [step] = plan.make(WANTED, observed(objects=there))
    assert (step.key, step.tags) == ("templates/t.yaml", {"team": "nlp", "visible": "true"})


@pytest.mark.parametrize("status", ["CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_stack_whose_creation_failed_is_deleted_and_made_again(status):
    found = Observed(stack=stack(status), template=FIRST)
    [first, second, *_] = plan.make(WANTED, found)
    assert str(first) == f"delete the stack t-publication, whose creation failed ({status})"
    assert (second.kind, second.changes) == (Kind.CREATE, ("Add     Bucket AWS::S3::Bucket",))


@pytest.mark.parametrize(
    "status", ["UPDATE_ROLLBACK_COMPLETE", "UPDATE_COMPLETE", "CREATE_COMPLETE", "IMPORT_COMPLETE"]
)
def test_a_stack_that_went_back_or_stands_is_updated(status):
    assert steps(observed(stack=stack(status), template=FIRST)) == [UPDATE]


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED"])
@pytest.mark.parametrize(
    ("reason", "said"), [("The role is gone", "The role is gone. Remove"), ("", "its events say why. Remove")]
)
def test_a_rollback_that_failed_is_somebodys_to_continue(status, reason, said):
    with pytest.raises(StackError) as refused:
        steps(observed(stack=stack(status, reason)))
    assert f"The stack t-publication is {status}: {said}" in refused.value.message
    assert "continue-update-rollback" in refused.value.message


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (observed(holds_bucket=False), "The bucket bucket exists, and is not of the stack t-publication"),
        (
            observed(stack=None, template=None),
            "The bucket bucket exists, and is not of the stack t-publication",
        ),
        (
            observed(stack=stack("ROLLBACK_COMPLETE")),
            "The bucket bucket exists, and is not of the stack t-publication",
        ),
        (
            observed(bucket_exists=False, objects={}),
            "The bucket bucket is gone, though the stack t-publication holds it",
        ),
    ],
    ids=["another stack", "no stack", "a stack that never was", "deleted by hand"],
)
def test_a_bucket_of_somebody_else_or_one_that_is_gone_is_refused_with_another_bucket_as_the_way_out(
    found, said
):
    with pytest.raises(RefusedError) as refused:
        steps(found)
    assert said in refused.value.message
    assert "--bucket" in refused.value.message
    assert refused.value.exit_code == 3


def test_an_archive_with_other_content_than_its_name_says_is_never_written_over():
    with pytest.raises(IntegrityError, match=r"s3://bucket/seeds/a.zip holds other content"):
        steps(observed(objects=without("seeds/a.zip") | {"seeds/a.zip": Stored("0" * 64)}))


@pytest.mark.parametrize("take", [False, True])
def test_a_domain_that_shows_another_place_is_taken_only_if_told(take):
    from dataclasses import replace

    wanted, found = replace(WANTED, take_domain=take), observed(domains={DOMAIN: "s3://theirs/"})
    if take:
        assert steps(found, wanted) == [TAG]
        return
    with pytest.raises(RefusedError) as refused:
        steps(found, wanted)
    for part in ("d-1", "s3://theirs/", PLACE, "--take-domain", "nothing was changed"):
        assert part in refused.value.message
