"""The CDK's variables are set once, and a person's own are kept."""

import os
from pathlib import Path

from model_common import cdk


def test_the_cdk_finds_the_node_that_is_installed(monkeypatch):
    for name in ("JSII_NODE", "CDK_VALIDATION"):
        monkeypatch.delenv(name, raising=False)
    cdk.prepare()
    assert Path(os.environ["JSII_NODE"]).is_file()
    assert os.environ["CDK_VALIDATION"] == "false"


def test_what_is_set_already_is_kept(monkeypatch):
    monkeypatch.setenv("JSII_NODE", "/opt/node")
    cdk.prepare()
    assert os.environ["JSII_NODE"] == "/opt/node"
