"""The core decides without AWS: it can be imported, and asked, where there is no client at all."""

import subprocess
import sys

import pytest

from model_deploy.core.model_package.arn import ModelPackageArn, version_of
from model_deploy.core.plan.deployment import endpoint_name, stack_name
from model_deploy.errors import UsageError

_IMPORT_ALL = """
import importlib, pkgutil, sys
for blocked in ("boto3", "botocore"):
    sys.modules[blocked] = None  # importing it raises ImportError
from model_deploy import core
modules = [each.name for each in pkgutil.walk_packages(core.__path__, "model_deploy.core.")]
for name in modules:
    importlib.import_module(name)
print(len(modules))
"""


def test_every_module_of_the_core_is_imported_where_botocore_is_blocked():
    done = subprocess.run([sys.executable, "-c", _IMPORT_ALL], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 10


def test_an_arn_is_parsed_into_its_group_and_version():
    text = "arn:aws-us-gov:sagemaker:us-gov-west-1:123456789012:model-package/shop-models/17"
    arn = ModelPackageArn.parse(text)
    assert (arn.group, arn.version, str(arn)) == ("shop-models", 17, text)
    assert version_of(text) == 17


@pytest.mark.parametrize(
    "text",
    [
        "",
        "17",
        "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models",
        "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models/latest",
        "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models/17\n",
        "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models/१७",
        "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models/" + "9" * 5000,
        "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/shop-staging",
    ],
)
def test_what_names_no_version_is_refused_with_what_was_given(text):
    with pytest.raises(UsageError, match="is not the ARN of a model package") as refused:
        ModelPackageArn.parse(text)
    assert repr(text) in str(refused.value)


def test_a_stage_s_endpoint_and_stack_are_named_after_project_and_stage():
    assert endpoint_name("shop", "staging") == "shop-staging"
    assert stack_name("shop", "staging") == "shop-staging-endpoint"
