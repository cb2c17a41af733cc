"""What a publication is put together from: equal for equal input, named before it is made, its product keeping versions."""

from dataclasses import replace

import pytest

from project_template import seed
from project_template.core import blueprint, plan, template
from project_template.core.blueprint import Checkout, Place, There
from project_template.core.settings import Form, PublishSettings
from project_template.errors import RefusedError
from project_template.stacks.publication_values import AppSignIn, TokenSignIn

PLACE = Place("123456789012", "eu-west-1")
SETTINGS = PublishSettings(TokenSignIn("arn:aws:secretsmanager:eu-west-1:123456789012:secret:github"))
CHECKOUT = Checkout({"build.zip": b"seed"}, "a" * 64, b"functions", "b" * 64)
OTHER = replace(CHECKOUT, functions=b"other functions")


def test_the_product_gets_a_version_beside_those_that_it_has(templates):
    first = blueprint.make(SETTINGS, PLACE, CHECKOUT, templates, There())
    second = blueprint.make(SETTINGS, PLACE, OTHER, templates, There(first.wanted.template))
    versions = template.product_versions(second.wanted.template)
    assert [name for name, _ in versions] == [first.version, second.version]
    bucket, digest = second.wanted.bucket, second.record["template_sha256"]
    assert versions[1][1] == f"https://{bucket}.s3.eu-west-1.amazonaws.com/versions/{digest}.yaml"
    again = blueprint.make(SETTINGS, PLACE, OTHER, templates, There(second.wanted.template))
    assert again.wanted.template == second.wanted.template


def test_a_first_publication_makes_the_bucket_before_the_product_that_reads_from_it(templates):
    made = blueprint.make(SETTINGS, PLACE, CHECKOUT, templates, There())
    steps = plan.make(made.wanted, plan.Observed())
    kinds = [type(step).__name__ for step in steps]
    assert kinds == ["ApplyStack", *["Upload"] * 3, "ApplyStack", "Upload", "Upload"]
    first, last = (step for step in steps if isinstance(step, plan.ApplyStack))
    assert (first.kind, last.kind) == (plan.Kind.CREATE, plan.Kind.UPDATE)
    assert last.changes == ("Add     Product AWS::ServiceCatalog::CloudFormationProduct",)


def test_the_s3_form_alone_takes_no_version_from_a_product_that_is_there(templates):
    first = blueprint.make(SETTINGS, PLACE, CHECKOUT, templates, There())
    only = blueprint.make(
        replace(SETTINGS, form=Form.S3), PLACE, OTHER, templates, There(first.wanted.template)
    )
    assert template.product_versions(only.wanted.template) == template.product_versions(first.wanted.template)


def test_the_service_catalog_form_alone_shows_nothing_in_the_bucket(templates):
    made = blueprint.make(
        replace(SETTINGS, form=Form.SERVICE_CATALOG, domains=("d-a",)), PLACE, CHECKOUT, templates, There()
    )
    assert not any(key.startswith("templates/") for key in made.keys)
    assert made.wanted.domains == ()


def test_the_same_version_with_other_content_is_refused(templates):
    named = replace(SETTINGS, version="1.0.0")
    first = blueprint.make(named, PLACE, CHECKOUT, templates, There())
    with pytest.raises(RefusedError, match=r"1\.0\.0 was published already"):
        blueprint.make(named, PLACE, OTHER, templates, There(first.wanted.template))


def test_the_template_is_told_where_everything_will_be(templates):
    app = replace(SETTINGS, sign_in=AppSignIn("17", "arn:aws:kms:eu-west-1:123456789012:key/abc"))
    made = blueprint.make(app, PLACE, CHECKOUT, templates, There())
    stated = templates.publications[-1]
    assert stated.bucket == made.wanted.bucket == "text-classification-123456789012-eu-west-1"
    assert f"{stated.seed_prefix}build.zip" in made.keys
    assert stated.functions_key in made.keys
    assert stated.permissions_boundary_arn.startswith("arn:aws:iam::123456789012:policy/text-classification-")
    assert stated.oidc_provider_arn.endswith(":oidc-provider/token.actions.githubusercontent.com")
    assert made.record["sign_in"] == {"app_id": "17", "key_arn": "arn:aws:kms:eu-west-1:123456789012:key/abc"}


def test_the_provider_is_made_where_the_account_has_none_and_kept_once_it_is_the_stacks(templates):
    arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    asked = []

    class Watching:
        project_template = staticmethod(templates.project_template)

        def publication_template(self, settings):
            asked.append(settings.creates_oidc_provider)
            return templates.publication_template(settings)

    held = '{"Resources": {"Provider": {"Type": "AWS::IAM::OIDCProvider"}}}'
    for there, creates in [
        (There(), True),
        (There(oidc_provider_arn=arn), False),
        (There(held, arn), True),
    ]:
        blueprint.make(SETTINGS, PLACE, CHECKOUT, Watching(), there)
        assert asked[-1] is creates
    blueprint.make(replace(SETTINGS, oidc_provider_arn=arn), PLACE, CHECKOUT, Watching(), There())
    assert asked[-1] is False


def test_the_functions_archive_is_the_folder_with_its_packages_at_the_root():
    import io
    import zipfile

    content = seed.archive(blueprint.FUNCTIONS)
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert {"pour/handler.py", "dispatch/handler.py", "github/client.py"} <= set(names)
    assert not any("__pycache__" in name for name in names)
    assert content == seed.archive(blueprint.FUNCTIONS)


@pytest.mark.parametrize(
    "changed", [{"functions": b"x"}, {"seeds_sha256": "c" * 64}, {"stacks_sha256": "c" * 64}]
)
def test_whatever_changes_in_the_checkout_is_another_version(changed):
    assert CHECKOUT.version == replace(CHECKOUT).version
    assert replace(CHECKOUT, **changed).version != CHECKOUT.version
