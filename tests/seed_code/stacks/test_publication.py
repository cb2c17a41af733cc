"""What makes the template appear in Studio."""

import dataclasses

from local_aws.identity.policies.policy import Policy, Request, RolePolicies, decide
from project_template.stacks import Version, publication_template


def test_studio_may_read_templates_in_the_browser(publication):
    (rule,) = publication.properties("TemplateBucket")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == ["https://*.sagemaker.aws"]
    assert set(rule["AllowedMethods"]) == {"POST", "PUT", "GET", "HEAD", "DELETE"}
    assert "ETag" in rule["ExposedHeaders"]


def test_the_template_bucket_is_closed_versioned_and_stays(publication, publications):
    bucket = publication.properties("TemplateBucket")
    assert bucket["BucketName"] == publications.settings.bucket
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert publication.resources["TemplateBucket"]["DeletionPolicy"] == "Retain"
    statements = publication.properties("TemplateBucketPolicy")["PolicyDocument"]["Statement"]
    assert {each["Effect"] for each in statements} == {"Deny"}
    assert statements[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_product_is_visible_launched_by_the_role_and_shown_to_the_principals(publication, publications):
    assert {"Key": "sagemaker:studio-visibility", "Value": "true"} in publication.properties("Product")[
        "Tags"
    ]
    constraint = publication.properties("LaunchConstraint")
    assert constraint["RoleArn"].endswith("LaunchRole")
    assert publication.resources["LaunchConstraint"]["DependsOn"] == ["PortfolioProduct"]
    (principal,) = publication.of_type("AWS::ServiceCatalog::PortfolioPrincipalAssociation").values()
    assert (principal["PrincipalARN"],) == publications.settings.catalog.principal_arns


def test_a_new_version_stands_beside_the_old_ones(publication, publications):
    catalog = publications.settings.catalog
    newer = dataclasses.replace(
        catalog, versions=(*catalog.versions, Version("1.1.0", "https://x/templates/2.yaml"))
    )
    text = publication_template(dataclasses.replace(publications.settings, catalog=newer))
    (before,) = publication.properties("Product")["ProvisioningArtifactParameters"]
    after = type(publication)(text).properties("Product")["ProvisioningArtifactParameters"]
    assert after[0] == before
    assert after[1] == {"Name": "1.1.0", "Info": {"LoadTemplateFromURL": "https://x/templates/2.yaml"}}
    assert publication.properties("Product")["ReplaceProvisioningArtifacts"] is False


def test_the_catalog_and_the_provider_are_left_out_where_nobody_asks(publication, publications):
    bare = dataclasses.replace(
        publications.settings, catalog=None, creates_oidc_provider=False, user_arns=(), in_s3=False
    )
    made = type(publication)(publication_template(bare))
    assert set(made.resources) == {
        "TemplateBucket",
        "TemplateBucketPolicy",
        "PermissionsBoundary",
        "LaunchRole",
    }
    assert not made.trusts("LaunchRole", "Service", "servicecatalog.amazonaws.com", "sts:AssumeRole", {})


def test_users_of_the_s3_form_get_exactly_what_fullaccess_lacks(publication, publications):
    policy = publication.properties("UserPolicy")
    account = "123456789012"
    launch = f"arn:aws:iam::{account}:role/{publications.settings.launch_role_name}"
    bucket = f"arn:aws:s3:::{publications.settings.bucket}"
    template = f"{bucket}/templates/text-classification.yaml"
    stack = f"arn:aws:cloudformation:eu-west-1:{account}:stack/"
    passed = [f"{service}.amazonaws.com" for service in ("cloudformation", "sagemaker")]
    decided = Policy.parse("users", policy["PolicyDocument"])

    def may(action, resource, **context):
        values = {key.replace("__", ":"): [value] for key, value in context.items()}
        return decide(Request.make(action, resource, values), RolePolicies((decided,))).allowed

    arn = publication.evaluate({"Fn::GetAtt": ["LaunchRole", "Arn"]})
    for service in passed:
        assert may("iam:PassRole", arn, iam__PassedToService=service)
    assert not may("iam:PassRole", arn, iam__PassedToService="lambda.amazonaws.com")
    assert not may("iam:PassRole", launch + "x", iam__PassedToService=passed[0])
    for action in ("GetObject", "GetObjectTagging"):
        assert may(f"s3:{action}", template)
        assert not may(f"s3:{action}", f"{bucket}/seeds/x.zip")
    assert not may("s3:PutObject", template)
    for action in (
        "CreateStack",
        "UpdateStack",
        "DeleteStack",
        "DescribeStacks",
        "TagResource",
        "UntagResource",
    ):
        assert may(f"cloudformation:{action}", f"{stack}SP-p-abc/1"), action
        assert not may(f"cloudformation:{action}", f"{stack}payments/1"), action


def test_the_users_policy_is_attached_to_roles_users_and_groups(publication, publications):
    iam = "arn:aws:iam::123456789012:"
    users = (f"{iam}role/service-role/Studio", f"{iam}user/ada", f"{iam}group/team/science")
    made = type(publication)(
        publication_template(dataclasses.replace(publications.settings, user_arns=users))
    )
    policy = made.properties("UserPolicy")
    assert (policy["Roles"], policy["Users"], policy["Groups"]) == (["Studio"], ["ada"], ["science"])
    # A group is no principal of a trust policy.
    trust = made.properties("LaunchRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust[1]["Principal"] == {"AWS": [users[0], users[1]]}


def test_the_launch_role_makes_tags_and_deletes_the_stacks_of_projects(publication):
    account = "arn:aws:cloudformation:eu-west-1:123456789012:stack/"
    for action in ("CreateStack", "UpdateStack", "DeleteStack", "TagResource", "UntagResource"):
        for name, allowed in (("SP-p-abc/1", True), ("SC-123-pp-abc/1", True), ("payments/1", False)):
            assert publication.may("LaunchRole", f"cloudformation:{action}", f"{account}{name}") is allowed


def test_names_that_iam_keeps_for_the_whole_account_hold_the_region_and_fit(publications):
    longest = dataclasses.replace(publications.settings, name="x" * 32, region="ap-southeast-4")
    assert "ap-southeast-4" in longest.launch_role_name
    assert len(longest.launch_role_name) <= 64
    assert longest.boundary_arn("123456789012", "aws-cn").startswith("arn:aws-cn:iam::123456789012:policy/x")


def test_what_the_commands_read_is_in_the_outputs(publication):
    assert set(publication.template["Outputs"]) == {
        "LaunchRoleArn",
        "OidcProviderArn",
        "PermissionsBoundaryArn",
        "PortfolioId",
        "ProductId",
        "TemplateBucketName",
        "UserPolicyArn",
    }


def test_two_syntheses_are_the_same_bytes(publication, publications):
    assert publication_template(publications.settings) == publication.text
