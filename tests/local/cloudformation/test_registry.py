"""The resource types, held against CloudFormation's own registry schemas, which cfn-lint brings along."""

from pathlib import Path

import cfnlint.schema as schemas
import pytest

from local_aws.cloudformation.resources import resource_types
from local_aws.cloudformation.response_urls import ResponseUrls
from local_aws.kernel.account import Account, Clients

ACCOUNT = Account("eu-west-1", "http://127.0.0.1", Path(), 1.0, Clients("http://127.0.0.1"))
TYPES = {each.name: each for each in resource_types(ResponseUrls(ACCOUNT))}
FREE = "AWS::CloudFormation::CustomResource"  # has whatever its template says


def schema(name):
    return schemas.PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-west-1", name)


def listed(name, key):
    """The top-level properties that a schema lists under `key`."""
    return {path.split("/")[2] for path in schema(name).schema.get(key, ()) if path.count("/") == 2}


@pytest.mark.parametrize("name", TYPES)
def test_the_properties_that_force_replacement_are_the_registrys(name):
    assert TYPES[name].create_only == listed(name, "createOnlyProperties")
    assert TYPES[name].conditionally_create_only == listed(name, "conditionalCreateOnlyProperties")


@pytest.mark.parametrize("name", [name for name in TYPES if name != FREE])
def test_properties_are_the_registrys_and_none_that_it_only_reports(name):
    properties = TYPES[name].properties
    assert properties is not None
    assert properties <= set(schema(name).schema["properties"]) - listed(name, "readOnlyProperties")


@pytest.mark.parametrize("name", TYPES)
def test_what_the_registry_requires_is_required(name):
    assert TYPES[name].required >= set(schema(name).schema.get("required", ()))


@pytest.mark.parametrize("name", [name for name in TYPES if name != FREE])
def test_attributes_are_those_that_getatt_knows(name):
    attributes = TYPES[name].attributes
    assert attributes is not None
    assert attributes <= set(schema(name).get_atts)


@pytest.mark.parametrize("name", [name for name in TYPES if name != FREE])
def test_types_that_can_have_tags_take_those_of_the_stack(name):
    stated = schema(name).schema["properties"].get("Tags")
    form = stated and ("list" if stated.get("type") == "array" else "map")
    assert TYPES[name].tags == form
    assert ("Tags" in (TYPES[name].properties or ())) == (form is not None)
