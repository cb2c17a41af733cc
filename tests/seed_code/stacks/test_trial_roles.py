"""Trial endpoints: what a project that is made with TrialEndpoint=yes may do with them, and that another may not."""

import pytest

SM = "arn:aws:sagemaker:eu-west-1:123456789012:"
ROLE = "arn:aws:iam::123456789012:role/sagemaker-projects/reviews/"
TO_SAGEMAKER = {"iam:PassedToService": "sagemaker.amazonaws.com"}
NEW = {"aws:RequestTag/sagemaker:project-name": "reviews"}
OF_PULL_REQUEST = NEW | {"aws:RequestTag/model-build:pull-request": "7"}
OURS = {"aws:ResourceTag/sagemaker:project-name": "reviews"}
THEIRS = {"aws:ResourceTag/sagemaker:project-name": "payments"}
MAIN, PULL_REQUEST = "reviews-trial-abc", "reviews-pr-7-trial-abc"
TRIED = {"TrialRole": (MAIN, NEW), "PullRequestTrialRole": (PULL_REQUEST, OF_PULL_REQUEST)}
PASSES = {"PipelineRole": "TrialRole", "PullRequestRole": "PullRequestTrialRole"}


@pytest.fixture(scope="module")
def without(make_project):
    return make_project(TrialEndpoint="no")


@pytest.mark.parametrize("role", TRIED)
def test_trials_are_made_asked_and_deleted_under_the_projects_names_and_tag(project, role):
    name, tagged = TRIED[role]
    for kind, operation in (
        ("endpoint", "Endpoint"),
        ("endpoint-config", "EndpointConfig"),
        ("model", "Model"),
    ):
        create, delete = f"sagemaker:Create{operation}", f"sagemaker:Delete{operation}"
        assert project.may(role, create, f"{SM}{kind}/{name}", tagged)
        assert not project.may(role, create, f"{SM}{kind}/{name}"), "without the tag"
        assert not project.may(role, create, f"{SM}{kind}/reviews-staging", tagged)
        assert project.may(
            role, "sagemaker:AddTags", f"{SM}{kind}/{name}", {"sagemaker:TaggingAction": create[10:]}
        )
        assert project.may(role, delete, f"{SM}{kind}/{name}", OURS)
        # Of a project that is called reviews-trial, or reviews-pr.
        assert not project.may(role, delete, f"{SM}{kind}/{name}", THEIRS)
    assert project.may(role, "sagemaker:InvokeEndpoint", f"{SM}endpoint/{name}", OURS)
    assert not project.may(role, "sagemaker:InvokeEndpoint", f"{SM}endpoint/reviews-staging", OURS)
    assert not project.may(role, "sagemaker:UpdateEndpoint", f"{SM}endpoint/{name}", OURS)
    assert project.may(role, "iam:PassRole", f"{ROLE}{role}", TO_SAGEMAKER)
    assert not project.may(role, "iam:PassRole", f"{ROLE}PipelineRole", TO_SAGEMAKER)


def test_a_pull_request_tags_its_trials_with_its_number(project):
    assert not project.may(
        "PullRequestTrialRole", "sagemaker:CreateEndpoint", f"{SM}endpoint/{PULL_REQUEST}", NEW
    )


@pytest.mark.parametrize("role", PASSES)
def test_a_pipeline_starts_trials_under_their_role_and_touches_no_endpoint_itself(project, without, role):
    assert project.may(role, "iam:PassRole", f"{ROLE}{PASSES[role]}", TO_SAGEMAKER)
    assert not without.may(role, "iam:PassRole", f"{ROLE}{PASSES[role]}", TO_SAGEMAKER)
    for name, tagged in TRIED.values():
        for verb in ("Create", "Delete", "Invoke"):
            assert not project.may(role, f"sagemaker:{verb}Endpoint", f"{SM}endpoint/{name}", OURS | tagged)


@pytest.mark.parametrize(
    ("role", "names"), [("BuildPrRole", {PULL_REQUEST}), ("BuildRunRole", {MAIN, PULL_REQUEST})]
)
def test_workflows_delete_what_a_killed_trial_left(project, without, role, names):
    for name in (MAIN, PULL_REQUEST, "reviews-production"):
        endpoint = f"{SM}endpoint/{name}"
        assert project.may(role, "sagemaker:DeleteEndpoint", endpoint, OURS) is (name in names)
        assert not without.may(role, "sagemaker:DeleteEndpoint", endpoint, OURS)
        assert not project.may(role, "sagemaker:DeleteEndpoint", endpoint, THEIRS)
        assert not project.may(role, "sagemaker:CreateEndpoint", endpoint, OURS | OF_PULL_REQUEST)
        assert not project.may(role, "sagemaker:InvokeEndpoint", endpoint, OURS)
    assert project.may(role, "sagemaker:ListEndpoints", "*")
    assert not without.may(role, "sagemaker:ListEndpoints", "*")


def test_a_project_has_the_roles_and_their_variables_only_if_it_was_made_for_trials(project, without):
    variables = {"TRIAL_ROLE_ARN": "TrialRole", "PULL_REQUEST_TRIAL_ROLE_ARN": "PullRequestTrialRole"}
    for variable, role in variables.items():
        assert project.properties("BuildContents")["Variables"][variable] == f"{ROLE}{role}"
        assert variable not in without.properties("BuildContents")["Variables"]
        assert role not in without.resources
        assert f"{role}PassesItself" not in without.resources


def test_without_trials_the_roles_are_denied_all_endpoints(without):
    for role in ("PipelineRole", "PullRequestRole", "BuildPrRole", "BuildRunRole"):
        for name, tagged in TRIED.values():
            decision = without.decided(role, "sagemaker:CreateEndpoint", f"{SM}endpoint/{name}", tagged)
            assert decision.statement is not None, role  # not merely unmentioned: denied
            assert not decision.allowed, role
