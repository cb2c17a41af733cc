"""Jobs of the demonstration's runner, each with a home of its own, find the caches of whoever runs it."""

from pathlib import Path

from local_aws.demo import caches

CDK = "JSII_RUNTIME_PACKAGE_CACHE_ROOT"


def test_the_caches_lie_in_the_users_home():
    assert caches.of_user({}) == {
        "XDG_CACHE_HOME": str(Path.home() / ".cache"),
        CDK: str(Path.home() / ".cache" / "aws" / "jsii" / "package-cache"),
    }


def test_caches_that_the_user_keeps_elsewhere_are_taken_from_there():
    elsewhere = {"XDG_CACHE_HOME": "/cache", CDK: "/cdk"}
    assert caches.of_user({"HOME": "/home/ada", **elsewhere}) == elsewhere
