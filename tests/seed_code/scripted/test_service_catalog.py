"""The Service Catalog form: what the commands make of each answer of Service Catalog, and of each state of a product's project."""

import pytest

from project_template.account import catalog, publication
from project_template.errors import UsageError

PRODUCT = "prod-abcdefghijklm"
NEWEST = [{"Id": "pa-1", "Name": "1.0.0"}, {"Id": "pa-2", "Name": "2.0.0"}]


def offered(aws):
    return catalog.published(aws, publication.find(aws, "text-classification"))


def test_what_is_offered_is_the_version_that_was_published_last(aws, product):
    product()
    assert offered(aws) == catalog.Offer(PRODUCT, "pa-2", "2.0.0", "lpv2-1")


def launch(number, *constraints):
    return {"Id": f"lpv2-{number}", "ConstraintSummaries": [{"Type": each} for each in constraints]}


@pytest.mark.parametrize(
    ("pages", "chosen"),
    [
        pytest.param([[]], "", id="no portfolio is shared with the caller"),
        pytest.param([[launch(1)]], "lpv2-1", id="one path without constraints"),
        pytest.param(
            [[launch(1), launch(2, "LAUNCH")]], "lpv2-2", id="another portfolio without a launch role"
        ),
        pytest.param(
            [[launch(1, "TEMPLATE")], [launch(2, "NOTIFICATION", "LAUNCH")]], "lpv2-2", id="on the next page"
        ),
        pytest.param([[launch(1, "LAUNCH"), launch(2, "LAUNCH")]], "lpv2-1", id="two with a launch role"),
        pytest.param(
            [[launch(1, "TEMPLATE"), launch(2, "STACKSET")]], "lpv2-1", id="constraints of other kinds alone"
        ),
        pytest.param([[], [launch(3)]], "lpv2-3", id="an empty page first"),
    ],
)
def test_the_launch_path_is_the_one_with_a_launch_role(aws, product, pages, chosen):
    product(NEWEST, *pages)
    assert offered(aws).path_id == chosen


@pytest.mark.parametrize(
    ("versions", "record", "said"),
    [
        ([{"Id": "pa-1", "Name": "1.0.0"}], {}, f"The product {PRODUCT} has no version 2.0.0; it has 1.0.0."),
        ([{"Id": "pa-1", "Name": "1"}, {"Id": "pa-2", "Name": "2"}], {}, "it has 1, 2."),
        ([], {}, "it has none."),
        (NEWEST, {"version": ""}, "has no version (none was published); it has 1.0.0, 2.0.0."),
        (NEWEST, {"version": "2.0"}, "has no version 2.0; it has 1.0.0, 2.0.0."),
    ],
)
def test_a_version_that_the_product_does_not_have_is_named_beside_those_that_it_has(
    aws, product, published, versions, record, said
):
    product(versions)
    published(product_id=PRODUCT, record=record)
    with pytest.raises(UsageError) as refused:
        offered(aws)
    assert said in refused.value.message
    assert refused.value.message.endswith("`project-template publish` adds it.")


def test_a_publication_without_a_product_names_both_ways_out(aws, published):
    published()
    with pytest.raises(
        UsageError, match=r"--form service-catalog or both, or create the project with --form s3\.$"
    ):
        offered(aws)


def test_a_product_that_is_not_shown_to_the_caller_names_the_portfolio_and_what_adds_the_caller(
    aws, script, product, stated
):
    product()
    script.on("DescribeProduct", stated.refusal("ResourceNotFoundException", f"Product {PRODUCT} not found."))
    with pytest.raises(UsageError) as refused:
        offered(aws)
    for part in (PRODUCT, "port-1", "publish --principal ARN", "--form s3", f"(Product {PRODUCT} not found)"):
        assert part in refused.value.message


@pytest.mark.parametrize("operation", ["DescribeProduct", "ListLaunchPaths"])
@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "InternalServerException"])
def test_a_refusal_of_service_catalog_is_no_missing_product(aws, script, product, stated, operation, code):
    product()
    script.on(operation, stated.refusal(code))
    with pytest.raises(aws.catalog.exceptions.ClientError, match=rf"{code}.*{operation}"):
        offered(aws)
