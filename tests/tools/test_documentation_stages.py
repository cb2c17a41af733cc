"""The stage files in the documentation are ones that `model-deploy` takes."""

import re
from pathlib import Path

from model_deploy.stage import Stage

PAGE = Path(__file__).parents[2] / "docs" / "asynchronous.md"


def test_the_stage_of_the_page_about_asynchronous_endpoints_can_be_used(tmp_path):
    [example] = re.findall(
        r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    file = tmp_path / "staging.yaml"
    file.write_text(example, encoding="utf-8")
    stage = Stage.load(file)
    assert stage.endpoint.kind == "asynchronous"
    assert stage.scaling is not None and stage.scaling.min == 0
