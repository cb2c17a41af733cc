"""Repositories that were renamed, moved or deleted on GitHub: what doctor says of each, and what an update takes over."""

import json

import pytest

from project_template.doctor import renamed
from project_template.errors import GitHubError
from project_template.github import Answer

STACK = "SP-p-0123456789ab"
TOKEN = {"github_api_url": "https://api.github.com", "sign_in": {"secret_arn": "arn:secret"}}
APP = {"github_api_url": "https://api.github.com", "sign_in": {"app_id": "17", "key_arn": "arn:key"}}
PREFIXES = {"101": "repo:acme@1/shop-build@101", "202": "repo:acme@1/shop-deploy@202"}
SUBJECTS = tuple(f"{each}:ref:refs/heads/main" for each in PREFIXES.values())


class GitHub:
    """Answers by path; what nobody stated is 404. Keeps who asked."""

    def __init__(self, **names):
        self.answers, self.asked = {}, []
        for identity, name in zip(("101", "202"), names.values(), strict=True):
            if name is not None:
                self.answers[f"/repositories/{identity}"] = Answer(200, {"full_name": name})
                subject = Answer(200, {"use_default": True, "sub_claim_prefix": PREFIXES[identity]})
                self.answers[f"/repositories/{identity}/actions/oidc/customization/sub"] = subject

    def __call__(self, url, headers, body=None, /):
        path = url.removeprefix("https://api.github.com")
        self.asked.append(
            (path, headers["Authorization"].partition(".")[0], None if body is None else json.loads(body))
        )
        return self.answers.get(path, Answer(404, {"message": "Not Found"}))


@pytest.fixture
def project(script, stated):
    """States the stack of the project `shop`, whose roles trust `subjects`."""

    def state(subjects=SUBJECTS, **changes):
        outputs = {
            f"{kind}RepositoryUrl": f"https://github.com/acme/shop-{kind.lower()}"
            for kind in ("Build", "Deploy")
        }
        physical = {"BuildRepository": "101", "DeployRepository": "202", "Role": "shop-role"} | changes.pop(
            "physical", {}
        )
        kinds = {"Role": "AWS::IAM::Role"}
        script.on("DescribeStacks", stated.stack(STACK, outputs=outputs | changes))
        script.on(
            "ListStackResources",
            {
                "StackResourceSummaries": [
                    {
                        "LogicalResourceId": name,
                        "PhysicalResourceId": each,
                        "ResourceType": kinds.get(name, "Custom::GitHubRepository"),
                        "ResourceStatus": "CREATE_COMPLETE",
                        "LastUpdatedTimestamp": stated.now,
                    }
                    for name, each in physical.items()
                ]
            },
        )
        conditions = {
            "StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": subjects,
            }
        }
        document = json.dumps(
            {"Statement": [{"Effect": "Allow", "Condition": conditions}, {"Effect": "Allow"}]}
        )
        script.on(
            "GetRole",
            {
                "Role": {
                    "Path": "/",
                    "RoleName": "shop-role",
                    "RoleId": "AROA0123456789012345",
                    "Arn": "arn:aws:iam::1:role/x",
                    "CreateDate": stated.now,
                    "AssumeRolePolicyDocument": document,
                }
            },
        )
        script.on("GetSecretValue", {"SecretString": " ghp_secret\n"})
        script.on("Sign", {"Signature": b"signature"})

    return state  # fmt: skip


def look(aws, github, record=TOKEN):
    return list(renamed.look(aws, record, "shop", STACK, github))


def test_repositories_that_are_called_as_the_stack_knows_are_fine(aws, project):
    project()
    github = GitHub(build="acme/shop-build", deploy="acme/shop-deploy")
    assert [str(each.level) for each in look(aws, github)] == ["OK", "OK"]
    assert {who for _, who, _ in github.asked} == {"Bearer ghp_secret"}
    assert renamed.names(aws, TOKEN, STACK, github) == {}


CASES = [
    ("acme/shop-train", "acme/shop-build is called acme/shop-train now", "--parameter BuildRepositoryName=shop-train`",
     {"BuildRepositoryName": "shop-train"}),
    ("acme/Shop-Build", "is called acme/Shop-Build now", "--parameter BuildRepositoryName=Shop-Build`",
     {"BuildRepositoryName": "Shop-Build"}),
    ("ACME/shop-train", "is called ACME/shop-train now", "BuildRepositoryName=shop-train", {"BuildRepositoryName": "shop-train"}),
    ("other/shop-build", "acme/shop-build was moved to other/shop-build", "Transfer it back on GitHub", {}),
    ("other/shop-train", "acme/shop-build was moved to other/shop-train", "Transfer it back on GitHub", {}),
    (None, "acme/shop-build is gone, or this sign-in does not see it", "Restore it on GitHub", {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "found", "fix", "taken"), CASES)
def test_each_change_is_a_failure_with_its_way_out_and_an_update_takes_new_names_only(
    aws, project, name, found, fix, taken
):
    project()
    github = GitHub(build=name, deploy="acme/shop-deploy")
    [build, deploy] = look(aws, github)
    assert (str(build.level), str(deploy.level)) == ("FAIL", "OK")
    assert found in build.found
    assert fix in build.fix
    assert renamed.names(aws, TOKEN, STACK, github) == taken


@pytest.mark.parametrize(
    ("subjects", "level"),
    [
        (
            ("repo:acme@1/shop-build@101:ref:refs/heads/main", "repo:acme@1/shop-deploy@202:environment:x"),
            ["OK", "OK"],
        ),
        ("repo:acme@1/shop-build@101:pull_request", ["OK", "FAIL"]),
        (("repo:acme@1/shop-build@1011:ref:refs/heads/main",), ["FAIL", "FAIL"]),
        ((), ["FAIL", "FAIL"]),
    ],
)
def test_subjects_that_no_role_trusts_are_found_though_the_name_is_right(aws, project, subjects, level):
    project(subjects)
    found = look(aws, GitHub(build="acme/shop-build", deploy="acme/shop-deploy"))
    assert [str(each.level) for each in found] == level
    for each in found:
        if str(each.level) == "FAIL":
            assert "which no role of the project trusts" in each.found
            assert "project-template update shop" in each.fix


def test_a_server_that_does_not_tell_subjects_is_believed_by_the_name(aws, project):
    project(subjects=())
    github = GitHub(build="acme/shop-build", deploy="acme/shop-deploy")
    for path in [each for each in github.answers if each.endswith("/sub")]:
        github.answers[path] = Answer(200, {"use_default": True}) if "101" in path else Answer(404)
    assert [str(each.level) for each in look(aws, github)] == ["OK", "OK"]


@pytest.mark.parametrize(
    "changes",
    [
        {"BuildRepositoryUrl": "", "DeployRepositoryUrl": "not a url"},
        {"physical": {"BuildRepository": "not-created/1", "DeployRepository": "unknown/acme/shop-deploy"}},
    ],
    ids=["no address", "never made"],
)
def test_repositories_that_the_stack_does_not_know_are_not_asked_for(aws, project, changes):
    project(**changes)
    github = GitHub(build="acme/shop-build", deploy="acme/shop-deploy")
    assert look(aws, github) == []
    assert github.asked == []


@pytest.mark.parametrize("kind", ["orgs", "users"])
def test_an_app_reads_through_its_installation_and_asks_for_no_more_than_reading(aws, project, kind):
    project()
    github = GitHub(build="acme/shop-train", deploy="acme/shop-deploy")
    github.answers[f"/{kind}/acme/installation"] = Answer(200, {"id": 5})
    github.answers["/app/installations/5/access_tokens"] = Answer(201, {"token": "ghs_installation"})
    assert renamed.names(aws, APP, STACK, github) == {"BuildRepositoryName": "shop-train"}
    [body] = [body for path, _, body in github.asked if path.endswith("/access_tokens")]
    assert body == {"permissions": {"actions": "read", "metadata": "read"}}
    assert {who for path, who, _ in github.asked if path.startswith("/repositories/")} == {
        "Bearer ghs_installation"
    }


@pytest.mark.parametrize(
    "answers", [{}, {"/orgs/acme/installation": Answer(200, {"id": 5})}], ids=["not installed", "no token"]
)
def test_an_app_that_reads_nothing_is_a_warning_with_what_to_do_by_hand(aws, project, answers):
    project()
    github = GitHub(build="acme/shop-train", deploy="acme/shop-deploy")
    github.answers |= answers
    [finding] = look(aws, github, APP)
    assert str(finding.level) == "WARN"
    assert "`project-template update shop --parameter BuildRepositoryName=NAME`" in finding.fix
    assert renamed.names(aws, APP, STACK, github) == {}


@pytest.mark.parametrize("record", [TOKEN, APP], ids=["token", "app"])
def test_a_sign_in_that_one_may_not_use_asks_github_nothing(aws, script, project, stated, record):
    project()
    script.on("GetSecretValue", stated.refusal("AccessDeniedException")).on(
        "Sign", stated.refusal("AccessDeniedException")
    )
    github = GitHub(build="acme/shop-train", deploy="acme/shop-deploy")
    assert [str(each.level) for each in look(aws, github, record)] == ["WARN"]
    assert github.asked == []


@pytest.mark.parametrize(
    "answer", [Answer(500), Answer(429), Answer(403, headers={"x-ratelimit-remaining": "0"})]
)
def test_github_that_is_not_well_is_an_error_and_no_verdict(aws, project, answer):
    project()
    github = GitHub(build="acme/shop-build", deploy="acme/shop-deploy")
    github.answers["/repositories/101"] = answer
    with pytest.raises(
        GitHubError, match=rf"GitHub answers {answer.status} to https://api.github.com/repositories/101"
    ):
        look(aws, github)
