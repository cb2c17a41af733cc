"""What the benches make by themselves keeps up with the product."""

import csv
import json

import pytest

import text_rules
from bench import baselines
from bench.deployable import contract_files


def test_the_benches_contract_states_every_text_rule():
    stated = json.loads(contract_files()["contract.json"])["text_rules"]
    assert text_rules.tokenise("Hi, you!", stated) == "hi , you !"


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_what_preparation_is_compared_with_gives_the_same_labels_and_tokens(tmp_path, library):
    pytest.importorskip(library)
    texts = [
        "Don't buy, it BROKE!",
        "a<br/>b &amp; c &#39;d&#39; &lt;3",
        "size-8 (small)... what?\r\nnext line_of it",
        '#1 "dress" $9.99 = 50% off; a/b: [x] {y} ~z~ ^ \\ | * + @ ` >',
    ]
    with (tmp_path / "reviews.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["title", "review", "rating"], *(["Nice", text, 5] for text in texts)])
    prepare = {"pandas": baselines.pandas_and_regex, "polars": baselines.polars_and_regex}[library]
    prepare(tmp_path / "reviews.csv", tmp_path)
    written = [line for path in tmp_path.glob("*.txt") for line in path.read_text("utf-8").splitlines()]
    rules = json.loads(contract_files()["contract.json"])["text_rules"]
    assert sorted(written) == sorted(
        f"__label__positive {text_rules.tokenise(f'Nice {text}', rules)}" for text in texts
    )
