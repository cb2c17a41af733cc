"""The checks of doctor by AWS's answers: what somebody changed, what is gone, what may not be looked at, and what to do about each."""

import pytest

from project_template.account.publication import Published
from project_template.commands import doctor
from project_template.core.stack import Stack
from project_template.doctor import bucket, oidc, project_names, quotas, users
from project_template.doctor.finding import Level

BUCKET = "text-classification-123456789012-eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/launch"
RECORD = {
    "version": "2.0.0",
    "seeds_sha256": "a" * 64,
    "functions_sha256": "b" * 64,
    "principals": [],
    "domains": [],
}
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
RULE = {
    "AllowedOrigins": ["https://*.sagemaker.aws"],
    "AllowedMethods": ["GET", "PUT", "POST", "HEAD", "DELETE"],
}


def publication(product="", **record):
    stack = Stack("t-publication", "id", "UPDATE_COMPLETE")
    return Published(
        "text-classification", stack, BUCKET, ROLE, "arn:users", "arn:boundary", product, "", RECORD | record
    )


def found(findings):
    return [(str(each.level), each.found) for each in findings]


@pytest.fixture
def denied(script, published, stated):
    """A publication of which one may see the stack and the record, and nothing else in the account."""

    def state(code="AccessDenied", **record):
        published(record=record)
        for operation in (
            *(
                "HeadBucket",
                "GetBucketVersioning",
                "HeadObject",
                "ListObjectsV2",
                "ListTags",
                "GetRole",
                "ListOpenIDConnectProviders",
            ),
            *(
                "GetOpenIDConnectProvider",
                "GetSecretValue",
                "ListAWSDefaultServiceQuotas",
                "DescribeProject",
                "SimulatePrincipalPolicy",
            ),
        ):
            script.on(operation, stated.refusal(code, "It is not to be."))

    return state


def examine(aws, **request):
    return doctor.run(aws, doctor.Request("text-classification", **request), checkout=lambda: "x")


def test_who_may_look_at_nothing_is_told_each_operation_and_no_check_ends_the_others(aws, script, denied):
    denied(domains=["d-1"])
    findings = examine(aws, project="shop")
    unseen = {each.check: each for each in findings if "could not be looked at" in each.found}
    assert {check: each.found.split(": ")[1] for check, each in unseen.items()} == {
        "template bucket": "HeadBucket answered AccessDenied",
        "template object": "HeadObject answered AccessDenied",
        "archives": "ListObjectsV2 answered AccessDenied",
        "domain tag": "ListTags answered AccessDenied",
        "launch role": "GetRole answered AccessDenied",
        "OIDC provider": "ListOpenIDConnectProviders answered AccessDenied",
        "GitHub": "DescribeProject answered AccessDenied",
        "quotas": "ListAWSDefaultServiceQuotas answered AccessDenied",
        "project": "DescribeProject answered AccessDenied",
        "watched data": "DescribeProject answered AccessDenied",
        "repositories": "DescribeProject answered AccessDenied",
    }
    assert {each.fix for each in unseen.values()} == {"Allow yourself that operation, and ask again."}
    assert {each.level for each in unseen.values()} == {Level.WARN}
    assert script.changes == []


def test_a_service_that_is_not_well_is_told_in_its_own_words(aws, denied):
    denied(code="InternalError")
    [finding] = [each for each in examine(aws) if each.check == "quotas"]
    assert finding.found == "could not be looked at: ListAWSDefaultServiceQuotas answered InternalError"
    assert finding.fix == "AWS says: It is not to be."


@pytest.mark.parametrize(
    ("form", "domains", "expected"),
    [
        ("service-catalog", ["d-1"], [("OK", "not needed: the Service Catalog form is published alone")]),
        ("both", [], [("WARN", "no domain was published to, so no Studio lists the S3 template")]),
        ("s3", [], [("WARN", "no domain was published to, so no Studio lists the S3 template")]),
    ],
)
def test_domains_are_a_matter_of_the_s3_form(aws, denied, form, domains, expected):
    denied(form=form, domains=domains)
    assert found(each for each in examine(aws) if each.check == "domain tag") == expected


@pytest.mark.parametrize(
    ("status", "level"),
    [("UPDATE_ROLLBACK_COMPLETE", "WARN"), ("UPDATE_IN_PROGRESS", "WARN"), ("UPDATE_COMPLETE", "OK")],
)
def test_the_publications_stack_is_told_as_it_stands(aws, script, denied, stated, status, level):
    denied()
    outputs = {"TemplateBucketName": BUCKET, "LaunchRoleArn": ROLE}
    script.on("DescribeStacks", stated.stack("text-classification-publication", status, outputs=outputs))
    [finding] = [each for each in examine(aws) if each.check == "publication"]
    assert (str(finding.level), finding.found) == (
        level,
        f"the stack text-classification-publication is {status}",
    )


def test_a_publication_that_never_came_to_its_end_is_a_failure(aws, script, denied, stated):
    denied()
    script.on("GetObject", stated.refusal("NoSuchKey", status=404))
    failures = [each for each in examine(aws) if each.check == "publication" and each.level is Level.FAIL]
    assert [(each.found, each.fix) for each in failures] == [
        ("publishing did not complete", "Run `project-template publish` again.")
    ]


def test_a_bucket_that_is_gone_is_the_one_finding_about_it(aws, script, stated):
    script.on("HeadBucket", stated.refusal("404", status=404))
    [finding] = bucket.bucket(aws, publication())
    assert (str(finding.level), finding.found) == ("FAIL", f"{BUCKET} is gone")
    assert "--bucket" in finding.fix


@pytest.mark.parametrize(
    ("versioning", "cors", "expected"),
    [
        ({"Status": "Enabled"}, [RULE], ["OK", "OK"]),
        ({"Status": "Suspended"}, [RULE], ["FAIL", "OK"]),
        ({}, [RULE], ["FAIL", "OK"]),
        ({"Status": "Enabled"}, None, ["OK", "FAIL"]),
        ({"Status": "Enabled"}, [{**RULE, "AllowedOrigins": ["*"]}], ["OK", "OK"]),
        ({"Status": "Enabled"}, [{**RULE, "AllowedOrigins": ["https://sagemaker.aws"]}], ["OK", "FAIL"]),
        ({"Status": "Enabled"}, [{**RULE, "AllowedMethods": ["GET", "PUT", "POST", "HEAD"]}], ["OK", "FAIL"]),
        ({"Status": "Enabled"}, [{**RULE, "AllowedMethods": ["GET"]}, RULE], ["OK", "OK"]),
    ],
)
def test_the_bucket_keeps_versions_and_lets_studios_pages_in(aws, script, stated, versioning, cors, expected):
    script.on("HeadBucket", {}).on("GetBucketVersioning", versioning)
    script.on(
        "GetBucketCors",
        stated.refusal("NoSuchCORSConfiguration", status=404) if cors is None else {"CORSRules": cors},
    )
    findings = list(bucket.bucket(aws, publication()))
    assert [str(each.level) for each in findings] == expected
    assert all(("detect the drift" in each.fix) is (each.level is Level.FAIL) for each in findings)


def test_cors_that_may_not_be_read_is_an_error_and_not_a_missing_rule(aws, script, stated):
    script.on("HeadBucket", {}).on("GetBucketVersioning", {"Status": "Enabled"})
    script.on("GetBucketCors", stated.refusal("AccessDenied", status=403))
    with pytest.raises(aws.s3.exceptions.ClientError, match="AccessDenied"):
        list(bucket.bucket(aws, publication()))


@pytest.mark.parametrize(
    ("product", "level", "fix"), [("prod-1", "WARN", "--form both"), ("", "FAIL", "project-template publish")]
)
def test_a_template_that_is_not_in_s3_is_meant_so_where_there_is_a_product(
    aws, script, stated, product, level, fix
):
    script.on("HeadObject", stated.refusal("404", status=404))
    [finding] = bucket.template_object(aws, publication(product))
    assert str(finding.level) == level
    assert fix in finding.fix
    assert f"s3://{BUCKET}/templates/text-classification.yaml is not there" in finding.found


@pytest.mark.parametrize(
    ("there", "wanted", "level", "said"),
    [
        ("s3://b/templates/", "s3://b/templates/", "OK", "shows s3://b/templates/"),
        ("s3://other/", "s3://b/templates/", "FAIL", "--take-domain"),
        ("", "s3://b/templates/", "FAIL", "(none), not s3://b/templates/"),
    ],
)
def test_a_domain_shows_the_published_place_or_says_which(aws, script, there, wanted, level, said):
    script.on(
        "ListTags",
        {"Tags": [{"Key": "sagemaker:projectS3TemplatesLocation", "Value": there}] if there else []},
    )
    finding = bucket.domain(aws, "arn:aws:sagemaker:eu-west-1:123456789012:domain/d-1", wanted)
    assert str(finding.level) == level
    assert said in f"{finding.found} {finding.fix}"
    assert ("--take-domain" in finding.fix) is (there == "s3://other/")


def test_a_domain_that_is_not_there_is_named(aws, script, stated):
    script.on("ListTags", stated.refusal("ResourceNotFound", "The domain does not exist."))
    finding = bucket.domain(aws, "arn:aws:sagemaker:eu-west-1:123456789012:domain/d-9", "s3://b/")
    assert finding.found == "there is no domain d-9 in eu-west-1"
    script.on("ListTags", stated.refusal("AccessDeniedException"))
    with pytest.raises(aws.sagemaker.exceptions.ClientError):
        bucket.domain(aws, "arn:aws:sagemaker:eu-west-1:123456789012:domain/d-9", "s3://b/")


@pytest.mark.parametrize(
    ("there", "clients", "level", "said"),
    [
        ([PROVIDER], ["sts.amazonaws.com"], "OK", f"{PROVIDER} takes tokens for sts.amazonaws.com"),
        ([PROVIDER], ["other", "sts.amazonaws.com"], "OK", "takes tokens"),
        ([PROVIDER], ["other"], "FAIL", f"{PROVIDER} does not take tokens for sts.amazonaws.com"),
        ([PROVIDER], [], "FAIL", "does not take tokens"),
        (
            [f"{PROVIDER}/acme"],
            ["sts.amazonaws.com"],
            "FAIL",
            "the account has none for https://token.actions.githubusercontent.com",
        ),
        ([], [], "FAIL", "the account has none for"),
    ],
)
def test_the_accounts_provider_is_the_issuers_own_and_takes_tokens_for_aws(
    aws, script, there, clients, level, said
):
    script.on("ListOpenIDConnectProviders", {"OpenIDConnectProviderList": [{"Arn": each} for each in there]})
    script.on("GetOpenIDConnectProvider", {"ClientIDList": clients})
    finding = oidc.provider(aws, "https://token.actions.githubusercontent.com", "")
    assert str(finding.level) == level
    assert said in finding.found


@pytest.mark.parametrize(("code", "is_error"), [("NoSuchEntity", False), ("AccessDenied", True)])
def test_a_provider_that_was_published_and_is_gone_is_made_again_by_publishing(
    aws, script, stated, code, is_error
):
    script.on("GetOpenIDConnectProvider", stated.refusal(code, status=404))
    if is_error:
        with pytest.raises(aws.iam.exceptions.ClientError):
            oidc.provider(aws, "", PROVIDER)
        return
    finding = oidc.provider(aws, "", PROVIDER)
    assert finding.found == f"{PROVIDER} is not there"
    assert "project-template publish" in finding.fix


def result(action, decision="allowed", organisation=True):
    return {
        "EvalActionName": action,
        "EvalDecision": decision,
        "OrganizationsDecisionDetail": {"AllowedByOrganizations": organisation},
    }


@pytest.mark.parametrize(
    ("code", "level", "said"),
    [
        ("NoSuchEntity", "FAIL", "arn:aws:iam::123456789012:role/ada does not exist"),
        (
            "AccessDenied",
            "WARN",
            "could not be asked about arn:aws:iam::123456789012:role/ada (AccessDenied)",
        ),
    ],
)
def test_a_user_that_cannot_be_simulated_is_gone_or_unknown(aws, script, stated, code, level, said):
    script.on("SimulatePrincipalPolicy", stated.refusal(code, status=404))
    [finding] = users.check(aws, publication(principals=["arn:aws:iam::123456789012:role/ada"]))
    assert str(finding.level) == level
    assert said in finding.found


def test_a_user_lacks_each_action_once(aws, script):
    script.on(
        "SimulatePrincipalPolicy",
        lambda asked: {"EvaluationResults": [result(each, "implicitDeny") for each in asked["ActionNames"]]},
    )
    [finding] = users.check(aws, publication(principals=["arn:aws:iam::123456789012:user/ada"]))
    assert finding.found.startswith(
        "arn:aws:iam::123456789012:user/ada may not iam:PassRole, s3:GetObject, s3:GetObjectTagging, cloudformation:"
    )
    assert finding.found.count("iam:PassRole") == 1
    assert "Attach arn:users to it" in finding.fix


@pytest.mark.parametrize(
    ("value", "count", "level"),
    [(2.0, 2, "OK"), (1.0, 2, "WARN"), (0.0, 1, "FAIL"), (0.5, 1, "FAIL"), (None, 1, "FAIL")],
)
def test_a_quota_is_enough_too_small_none_or_unknown(value, count, level):
    known = {} if value is None else {"ml.m5.large for endpoint usage": value}
    [finding] = quotas.check({"ml.m5.large for endpoint usage": count}, known, "eu-west-1")
    assert str(finding.level) == level
    assert (f"Ask for {count} or more" in finding.fix) is (level != "OK" and value is not None)


def test_an_accounts_own_quota_counts_before_the_default_on_every_page(aws, script):
    def page(value, name="a", **more):
        return {"Quotas": [{"QuotaName": name, "Value": value}], **more}

    script.on("ListAWSDefaultServiceQuotas", page(0.0, NextToken="n"), page(1.0, "b"))
    script.on("ListServiceQuotas", page(8.0))
    assert quotas.allowed(aws) == {"a": 8.0, "b": 1.0}


@pytest.mark.parametrize(
    ("stages", "needed"),
    [
        ([], {}),
        ([("ml.m5.large", 1)], {"ml.m5.large": 2}),
        ([("ml.m5.large", 1), ("ml.m5.large", 3)], {"ml.m5.large": 7}),
        ([("ml.m5.large", 1), ("ml.c5.large", 2)], {"ml.m5.large": 2, "ml.c5.large": 4}),
        ([("ml.m5.large", None)], {"ml.m5.large": 2}),
        ([None], {}),
    ],
)
def test_a_rollout_needs_the_largest_fleet_once_more(stages, needed):
    described = [
        {
            "endpoint": (
                {}
                if each is None
                else {"instance_type": each[0]} | ({} if each[1] is None else {"instance_count": each[1]})
            )
        }
        for each in stages
    ]
    assert quotas.wanted([], described) == {
        f"{name} for endpoint usage": count for name, count in needed.items()
    }


def test_of_recipes_the_largest_job_counts_since_jobs_run_one_after_the_other():
    recipes = [{"training": {"instance_count": 2}}, {"training": {"instance_count": 3}}, {}]
    assert quotas.wanted(recipes, []) == {
        "ml.c5.xlarge for training job usage": 3,
        "ml.m5.large for processing job usage": 1,
    }


def test_a_name_whose_derived_names_do_not_fit_is_told_each_of_them():
    findings = list(project_names.check("p" * 32, ["r"], ["s" * 40], {}))
    assert {str(each.level) for each in findings} == {"FAIL"}
    assert [each.found.split(" has ")[1] for each in findings] == [
        "73 characters of 63",
        "77 characters of 64",
    ]
    [fine] = project_names.check("shop", ["r"], ["s"], {})
    assert fine.found.startswith("13 names after shop fit; the tightest is sagemaker-project-shop, 22 of 50")
