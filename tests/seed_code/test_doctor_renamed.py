"""What doctor says of a project's repositories that are not what its stack knows."""

import pytest

from project_template.doctor import renamed
from project_template.doctor.finding import Level
from project_template.doctor.renamed import Wired

TRUSTED = frozenset({"repo:acme@1/shop-build@2:ref:refs/heads/main"})


@pytest.mark.parametrize(
    ("live", "prefix", "level", "fix"),
    [
        ("acme/shop-build", "repo:acme@1/shop-build@2", Level.OK, ""),
        ("Acme/shop-build", "", Level.OK, ""),
        ("acme/Shop-Build", "", Level.FAIL, "update shop --parameter BuildRepositoryName=Shop-Build"),
        ("acme/other", "", Level.FAIL, "update shop --parameter BuildRepositoryName=other"),
        ("umbrella/shop-build", "", Level.FAIL, "Transfer it back"),
        (None, "", Level.FAIL, "Restore it"),
        ("acme/shop-build", "repo:acme/shop-build", Level.FAIL, "the subject is read again"),
        ("acme/shop-build", "repo:acme@1/shop-build@22", Level.FAIL, "the subject is read again"),
    ],
)
def test_each_difference_has_its_own_way_out(live, prefix, level, fix):
    wired = Wired("BuildRepositoryName", "acme/shop-build", live, prefix)
    found = renamed._finding(wired, "shop", TRUSTED)
    assert found.level is level
    assert fix in found.fix
