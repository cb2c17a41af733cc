"""What the benches make by themselves keeps up with the product."""

import json

import text_rules
from bench.deployable import contract_files


def test_the_benches_contract_states_every_text_rule():
    stated = json.loads(contract_files()["contract.json"])["text_rules"]
    assert text_rules.tokenise("Hi, you!", stated) == "hi , you !"
