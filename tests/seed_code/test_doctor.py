"""`project-template doctor`: one defect at a time, found, and with a way to fix it; a whole publication has none."""

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from rich.console import Console

from model_build.recipe import recipe as recipes
from model_build.recipe.training import BlazingText
from project_template.account.publication import Published
from project_template.commands import create, doctor
from project_template.core.settings import Form
from project_template.core.stack import Stack
from project_template.doctor import launch_role, quotas, users
from project_template.doctor.finding import Level
from project_template.doctor.github_access import APP_PERMISSIONS
from project_template.stacks.publication_values import AppSignIn

TREE = Path(__file__).resolve().parents[2]
SCHEMA = {
    "handlers": {
        "create": {"permissions": ["sqs:CreateQueue"]},
        "update": {"permissions": ["sqs:SetQueueAttributes"]},
        "delete": {"permissions": ["sqs:DeleteQueue"]},
    }
}


class Examined:
    """A publication that is whole: what tests break of it, doctor has to find."""

    def __init__(self, publishing):
        account = publishing.account
        self.publishing, self.account = publishing, account
        self.domain = account.add_domain()
        self.secret = publishing.settings.sign_in.secret_arn
        self.quotas = dict.fromkeys(
            quotas.wanted(quotas.read(TREE / "build/recipes"), quotas.read(TREE / "deploy/stages")), 4.0
        )
        self.iam = account.client("iam")
        provider = "https://github.example.com/_services/" + account.name
        self.provider = self.iam.create_open_id_connect_provider(
            Url=provider, ClientIDList=["sts.amazonaws.com"]
        )
        account.script("service-quotas", "ListServiceQuotas", lambda _: self._quotas())
        account.script("service-quotas", "ListAWSDefaultServiceQuotas", lambda _: {"Quotas": []})
        self.publishing = publishing.asked(
            domains=(self.domain,),
            oidc_provider_arn=self.provider["OpenIDConnectProviderArn"],
            issuer=provider,
        )
        self.published = self.publishing.publish()

    def _quotas(self):
        if self.quotas is None:
            raise ClientError(
                {"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ListServiceQuotas"
            )
        return {"Quotas": [{"QuotaName": name, "Value": value} for name, value in self.quotas.items()]}

    def findings(self, project="", owner="acme", **changes):
        request = doctor.Request(self.account.name, project, owner, **changes)
        content = self.published.blueprint.record["content"]
        return doctor.run(self.account.aws, request, checkout=lambda: content)

    def bad(self, check, level=Level.FAIL, **asked):
        """The findings of that level of a check, each of which has to say how it is fixed."""
        found = [each for each in self.findings(**asked) if each.check == check and each.level is level]
        assert all(each.fix for each in found)
        return " ".join(f"{each.found} -> {each.fix}" for each in found)


@pytest.fixture
def examined(publishing):
    return Examined(publishing)


def test_a_whole_publication_fails_no_check(examined):
    findings = examined.findings(project="team-a")
    assert doctor.verdict(findings) is None
    assert {each.check for each in findings} >= {
        "publication",
        "template bucket",
        "CORS",
        "object tag",
        "template object",
        "archives",
        "template version",
        "domain tag",
        "launch role",
        "OIDC provider",
        "GitHub token",
        "GitHub reach",
        "GitHub plan",
        "quotas",
        "names",
        "project",
    }
    secret = examined.account.client("secretsmanager").get_secret_value(SecretId=examined.secret)
    assert secret["SecretString"] not in json.dumps(doctor.document(findings))


def test_without_a_publication_that_is_what_fails(account):
    findings = doctor.run(account.aws, doctor.Request("nowhere", project="team-a"))
    assert [each.check for each in findings if each.level is Level.FAIL] == ["publication"]
    assert doctor.verdict(findings).exit_code == 3


def test_bucket_and_object_are_looked_at(examined):
    s3, bucket = examined.account.client("s3"), examined.account.bucket
    key = f"templates/{examined.account.name}.yaml"
    s3.delete_object_tagging(Bucket=bucket, Key=key)
    assert "Studio does not list it" in examined.bad("object tag")
    s3.put_bucket_cors(
        Bucket=bucket,
        CORSConfiguration={
            "CORSRules": [{"AllowedOrigins": ["https://*.sagemaker.aws"], "AllowedMethods": ["GET"]}]
        },
    )
    assert "Studio shows an empty list" in examined.bad("CORS")
    s3.delete_bucket_cors(Bucket=bucket)
    assert "Studio shows an empty list" in examined.bad("CORS")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    assert "Suspended" in examined.bad("template bucket")
    s3.put_object(Bucket=bucket, Key=key, Body=b"{}")
    assert "somebody changed it" in examined.bad("template object")
    s3.delete_object(Bucket=bucket, Key=key)
    assert "is not there" in examined.bad("template object")
    s3.delete_object(Bucket=bucket, Key=examined.published.blueprint.wanted.archives[0].key)
    assert "seeds/" in examined.bad("archives")


def test_a_domain_that_looks_elsewhere_is_found(examined):
    examined.account.point_domain(examined.domain, None)
    said = f"{examined.domain} has sagemaker:projectS3TemplatesLocation=(none)"
    assert said in examined.bad("domain tag")
    examined.account.point_domain(examined.domain, "s3://theirs/")
    assert "--take-domain" in examined.bad("domain tag")


def test_another_checkout_is_a_warning(examined):
    examined.published.blueprint.record["content"] = "0.2.0+abcdef01"
    assert "0.2.0+abcdef01" in examined.bad("template version", Level.WARN)


def test_a_launch_role_that_is_gone_or_trusts_others_is_found(examined):
    name = f"{examined.account.name}-eu-west-1-launch"
    trust = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ]
    }
    examined.iam.update_assume_role_policy(
        RoleName=name, PolicyDocument=json.dumps(trust | {"Version": "2012-10-17"})
    )
    assert "trusts ec2.amazonaws.com" in examined.bad("launch role")
    examined.iam.delete_role_policy(RoleName=name, PolicyName="launch")
    examined.iam.delete_role(RoleName=name)
    assert "CreateProject is refused" in examined.bad("launch role")


def role(*statements, boundary=None):
    documents = tuple({"Statement": [each]} for each in statements)
    return launch_role.Role("arn:aws:iam::123456789012:role/launch", frozenset(), documents, boundary)


class Registry:
    """An Aws whose CloudFormation tells the schema of one type."""

    def __init__(self):
        self.cloudformation = self

    def describe_type(self, Type, TypeName):
        if TypeName != "AWS::SQS::Queue":
            raise ClientError({"Error": {"Code": "TypeNotFoundException", "Message": "no"}}, "DescribeType")
        return {"Schema": json.dumps(SCHEMA)}


def test_what_a_type_needs_is_read_from_its_schema_and_what_cannot_be_read_is_named():
    known, unknown = launch_role.needed(Registry(), ["AWS::SQS::Queue", "AWS::Other::Thing", "Custom::Thing"])
    assert known == TYPES
    assert unknown == ["AWS::Other::Thing"]


ALLOW = {"Effect": "Allow", "Resource": "*"}
TYPES = {"AWS::SQS::Queue": {name: part["permissions"] for name, part in SCHEMA["handlers"].items()}}


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (
            [ALLOW | {"Action": "sqs:CreateQueue"}],
            "can create AWS::SQS::Queue, and then not update or delete it",
        ),
        (
            [ALLOW | {"Action": ["sqs:Create*", "sqs:Set*"]}],
            "and then not delete it (lacks delete: sqs:DeleteQueue)",
        ),
        ([ALLOW | {"Action": "s3:*"}], "cannot handle AWS::SQS::Queue"),
        (
            [ALLOW | {"Action": "*"}, {"Effect": "Deny", "Action": "sqs:Delete*", "Resource": "*"}],
            "and then not delete it",
        ),
        ([ALLOW | {"NotAction": "sqs:Delete*"}], "and then not delete it"),
    ],
)
def test_a_launch_role_that_cannot_update_or_delete_what_it_creates_is_found(statements, said):
    [finding] = launch_role.coverage(role(*statements), TYPES)
    assert finding.level is Level.FAIL
    assert said in finding.found


class Simulator:
    """An Aws whose simulator answers so."""

    def __init__(self, **result):
        self.iam, self._result = self, result

    def simulate_principal_policy(self, PolicySourceArn, ActionNames):
        return {"EvaluationResults": [{"EvalActionName": each, **self._result} for each in ActionNames]}


def test_what_the_organisation_denies_is_found():
    asked = role(ALLOW | {"Action": "*"}), ["sqs:CreateQueue", "sqs:*"]
    refused = {"AllowedByOrganizations": False}
    denied = launch_role.simulated(
        Simulator(EvalDecision="implicitDeny", OrganizationsDecisionDetail=refused), *asked
    )
    assert (denied.level, "sqs:CreateQueue" in denied.found) == (Level.FAIL, True)
    # Without resources and tags to go by, the simulator denies what is bound to them: that is no finding.
    assert launch_role.simulated(Simulator(EvalDecision="implicitDeny"), *asked).level is Level.OK
    assert launch_role.simulated(Simulator(EvalDecision="explicitDeny"), *asked).level is Level.FAIL


def test_a_boundary_takes_away_what_the_policies_give():
    bounded = role(ALLOW | {"Action": "*"}, boundary={"Statement": [ALLOW | {"Action": "sqs:CreateQueue"}]})
    assert "not update or delete" in launch_role.coverage(bounded, TYPES)[0].found
    assert launch_role.coverage(role(ALLOW | {"Action": "sqs:*"}), TYPES)[0].level is Level.OK


def test_a_provider_that_is_missing_or_has_another_audience_is_found(examined):
    arn = examined.provider["OpenIDConnectProviderArn"]
    examined.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    url = "https://" + arn.partition(":oidc-provider/")[2]
    examined.iam.create_open_id_connect_provider(Url=url, ClientIDList=["somebody.else"])
    assert "add-client-id-to-open-id-connect-provider" in examined.bad("OIDC provider")
    examined.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert "is not there" in examined.bad("OIDC provider")


def test_a_secret_that_is_gone_is_found(examined):
    secrets = examined.account.client("secretsmanager")
    secrets.delete_secret(SecretId=examined.secret, ForceDeleteWithoutRecovery=True)
    assert examined.secret in examined.bad("GitHub sign-in")


def test_a_token_that_github_refuses_is_the_one_finding_there(examined, github):
    token = github.issue_token("publisher")
    examined.account.client("secretsmanager").put_secret_value(SecretId=examined.secret, SecretString=token)
    assert not examined.bad("GitHub token")
    github.revoke(token)
    assert "Bad credentials" in examined.bad("GitHub token", reviewers=("publisher",))
    assert not examined.bad("reviewers", reviewers=("publisher",))


def test_an_app_signs_in_with_the_key_that_kms_holds(examined, github):
    kms = examined.account.client("kms")
    key = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["Arn"]
    public = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    app = github.add_app(examined.account.name, "acme", pem, APP_PERMISSIONS)
    examined.publishing.asked(sign_in=AppSignIn(str(app.id), key)).publish()
    assert "is not installed for acme" in examined.bad("GitHub App")
    github.install_app(app, "acme")
    assert doctor.verdict(examined.findings()) is None


def test_nobody_named_to_review_production_is_a_warning_before_create_refuses_it(examined):
    assert "--production-gate registry" in examined.bad("reviewers", Level.WARN)
    assert not examined.bad("reviewers", Level.WARN, gate="registry")
    assert "nobody-here is not a user" in examined.bad("reviewers", reviewers=("nobody-here",))


def test_quotas_that_are_too_small_or_missing_are_found(examined):
    training = "ml.c5.xlarge for training job usage"
    examined.quotas[training] = 0
    assert training in examined.bad("quotas")
    del examined.quotas[training]
    assert "does not offer that instance" in examined.bad("quotas")
    examined.quotas["ml.m5.large for endpoint usage"] = 2
    assert "needed 5" in examined.bad("quotas", Level.WARN)


def test_the_instances_of_a_recipe_that_does_not_say_are_model_builds_own():
    assert quotas.DEFAULTS["training"] == BlazingText.model_fields["instance_type"].default
    assert quotas.DEFAULTS["processing"] == recipes.Processing.model_fields["instance_type"].default


def test_what_may_not_be_looked_at_is_a_warning_and_the_rest_goes_on(examined):
    examined.quotas = None
    assert "AccessDenied" in examined.bad("quotas", Level.WARN)


def test_a_project_is_examined_too(examined):
    name = examined.account.name.replace("publication", "team")
    request = create.Request(name, examined.account.name, Form.S3, {"GitHubOwner": "acme"}, timeout=30)
    create.run(examined.account.aws, request, Console(quiet=True))
    assert doctor.verdict(examined.findings(project=name)) is None
    examined.publishing.with_seed(b"another").publish()
    assert f"project-template update {name}" in examined.bad("project version", Level.WARN, project=name)
    assert "33 characters" in examined.bad("names", project="x" * 33)
    assert "SageMakerProjectName" in examined.bad("names", project="Team")


def test_lines_say_below_each_defect_how_it_is_fixed(examined):
    examined.account.point_domain(examined.domain, None)
    lines = doctor.lines(examined.findings())
    place = next(number for number, line in enumerate(lines) if line.startswith("FAIL  domain tag"))
    assert lines[place + 1].strip().startswith(f"-> `project-template publish --domain {examined.domain}")


class Users:
    """An Aws whose simulator allows everything but what is `denied`."""

    region, account, partition = "eu-west-1", "123456789012", "aws"

    def __init__(self, *denied):
        self.iam, self._denied, self.asked = self, denied, []

    def simulate_principal_policy(self, PolicySourceArn, ActionNames, ResourceArns, ContextEntries):
        contexts = [each["ContextKeyValues"] for each in ContextEntries]
        self.asked += [(action, ResourceArns[0], contexts) for action in ActionNames]
        decisions = {each: "implicitDeny" if each in self._denied else "allowed" for each in ActionNames}
        return {
            "EvaluationResults": [
                {"EvalActionName": each, "EvalDecision": found} for each, found in decisions.items()
            ]
        }


def published_to(*principals, policy="arn:aws:iam::123456789012:policy/t-users"):
    record = {"principals": list(principals)}
    launch = "arn:aws:iam::123456789012:role/t-launch"
    return Published("t", Stack("t", "i", "CREATE_COMPLETE"), "b", launch, policy, "", "", "", record)


def test_users_are_simulated_for_all_that_studio_does_as_them():
    aws = Users()
    [finding] = users.check(aws, published_to("arn:aws:iam::123456789012:role/Studio"))
    assert finding.level is Level.OK
    assert {(action, resource) for action, resource, _ in aws.asked} == {
        ("iam:PassRole", "arn:aws:iam::123456789012:role/t-launch"),
        *((f"s3:{each}", "arn:aws:s3:::b/templates/t.yaml") for each in ("GetObject", "GetObjectTagging")),
        *(
            (
                f"cloudformation:{each}",
                "arn:aws:cloudformation:eu-west-1:123456789012:stack/SP-p-000000000000/0",
            )
            for each in (
                "CreateStack",
                "DeleteStack",
                "DescribeStacks",
                "TagResource",
                "UntagResource",
                "UpdateStack",
            )
        ),
    }
    passed = [context for action, _, context in aws.asked if action == "iam:PassRole"]
    assert passed == [[["cloudformation.amazonaws.com"]], [["sagemaker.amazonaws.com"]]]


def test_a_user_who_may_not_pass_the_launch_role_is_found_with_the_policy_to_attach():
    [finding] = users.check(Users("iam:PassRole"), published_to("arn:aws:iam::123456789012:role/Studio"))
    assert finding.level is Level.FAIL
    assert "may not iam:PassRole" in finding.found
    assert "policy/t-users" in finding.fix


def test_a_publication_without_users_is_a_warning_and_one_without_the_s3_form_needs_none():
    [finding] = users.check(Users(), published_to())
    assert (finding.level, "--principal" in finding.fix) == (Level.WARN, True)
    [finding] = users.check(Users(), published_to(policy=""))
    assert finding.level is Level.OK


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prepare.py": "evil()"}, ": prepare.py differs"),
        ({"more.py": "evil()"}, ": more.py was added"),
        ({"SHA256SUMS": "nonsense"}, ": SHA256SUMS: line 1 is 'nonsense'"),
        (None, " is not an archive of a seed"),
    ],
)
def test_a_seed_that_somebody_changed_is_named_with_its_file(examined, make_seed, changes, said):
    key = examined.published.blueprint.wanted.archives[0].key
    content = b"no archive" if changes is None else make_seed(**changes)
    examined.account.client("s3").put_object(Bucket=examined.account.bucket, Key=key, Body=content)
    assert f"{key}{said}" in examined.bad("archives")


def test_functions_that_somebody_changed_are_named(examined):
    key = f"functions/{examined.published.blueprint.record['functions_sha256']}.zip"
    examined.account.client("s3").put_object(Bucket=examined.account.bucket, Key=key, Body=b"evil")
    assert f"{key} holds other content than its name says" in examined.bad("archives")
