"""These tests are poured into the deploy repository, and pass there: it has its package, its API and the embedded AWS."""

import ast
import sys
from pathlib import Path

ITS_OWN = {"model_deploy", "model_common", "classifier", "handler", "request", "serving_contract"}
INSTALLED = {
    "aws_cdk",
    "boto3",
    "botocore",
    "cdk_nag",
    "cfnlint",
    "fasttext",
    "local_aws",
    "pytest",
    "rich",
    "typer",
}


def test_nothing_is_imported_that_a_deploy_repository_does_not_have():
    imported = set()
    for file in Path(__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, file
                imported.add((node.module or "").partition(".")[0])
    assert imported - sys.stdlib_module_names <= ITS_OWN | INSTALLED
    assert {"model_deploy", "local_aws"} <= imported
