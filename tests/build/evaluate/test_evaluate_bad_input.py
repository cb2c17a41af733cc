"""Bad input of Evaluate: one clear message, no result, and no code of a changed contract is run."""

import pytest

import digests
from failure import StepError


def _cut(job, name):
    content = (job.root / name).read_bytes()
    job.put(name, content[: len(content) // 2])


def _flip(job, name):
    content = bytearray((job.root / name).read_bytes())
    content[-6] ^= 1  # in the checksum, where nothing but checking it can notice
    job.put(name, bytes(content))


def _remove(job, name):
    (job.root / name).unlink()


BAD_INPUTS = {
    "no artifact": (
        lambda job: _remove(job, "candidate/model.tar.gz"),
        r"There is no model of the candidate: .*model\.tar\.gz does not exist",
    ),
    "truncated artifact": (
        lambda job: _cut(job, "candidate/model.tar.gz"),
        r"The candidate's .*model\.tar\.gz is damaged, or not a gzipped tar file",
    ),
    "artifact with a flipped bit": (
        lambda job: _flip(job, "candidate/model.tar.gz"),
        r"The candidate's .*model\.tar\.gz is damaged, or not a gzipped tar file",
    ),
    "artifact that is not an archive": (
        lambda job: job.put("candidate/model.tar.gz", "<html>"),
        r"is damaged, or not a gzipped tar file",
    ),
    "artifact without a model": (
        lambda job: job.archive("candidate/model.tar.gz", {"model.onnx": b"..."}),
        r"The candidate's .*model\.tar\.gz has no model\.bin; it holds model\.onnx",
    ),
    "model outside of the archive": (
        lambda job: job.archive("candidate/model.tar.gz", {"../model.bin": b"..."}),
        r"has no model\.bin; it holds \.\./model\.bin",
    ),
    "model.bin that fastText cannot read": (
        lambda job: job.archive("candidate/model.tar.gz", {"model.bin": b"not a model at all"}),
        r"The candidate's model\.bin is not a fastText model: .*wrong file format",
    ),
    "no contract": (
        lambda job: _remove(job, "candidate-contract/contract.json"),
        r"The candidate has no contract: there is no .*contract\.json",
    ),
    "contract that is not JSON": (
        lambda job: job.put("candidate-contract/contract.json", "{"),
        r"The candidate's contract .*contract\.json is not JSON",
    ),
    "contract without labels": (
        lambda job: job.put("candidate-contract/contract.json", '{"version": 1, "multi_label": false}'),
        r"The candidate's contract\.json is not a contract \(KeyError: 'labels'\)",
    ),
    "contract of a later version": (
        lambda job: job.put("candidate-contract/contract.json", '{"version": 3}'),
        r"contract has version 3; this step reads the versions 1 and 2",
    ),
    "contract without text rules": (
        lambda job: _remove(job, "candidate-contract/text_rules.py"),
        r"The candidate's contract is not complete: there is no .*text_rules\.py",
    ),
    "text rules that do not run": (
        lambda job: job.put("candidate-contract/text_rules.py", "def tokenize(text): ..."),
        r"text_rules\.py cannot be used \(AttributeError: .*tokenise",
    ),
    "contract and recipe that disagree": (
        lambda job: job.contract("candidate-contract", labels=("bad", "good")),
        r"contract and the recipe disagree: the contract says one of bad, good, the recipe one of negative, positive",
    ),
    "model and contract that disagree": (
        lambda job: job.labels("bad", "good"),
        r"model\.bin and its contract do not belong together: the model answers negative, positive, the contract "
        r"knows only bad, good",
    ),
    "no holdout": (
        lambda job: _remove(job, "holdout/holdout.jsonl"),
        r"There is no holdout: .*holdout\.jsonl does not exist",
    ),
    "empty holdout": (
        lambda job: job.holdout([]),
        r"The holdout .*holdout\.jsonl is empty: there is nothing to measure a model on",
    ),
    "holdout line that is no example": (
        lambda job: job.put(
            "holdout/holdout.jsonl", '{"text": "a", "labels": ["positive"]}\n{"review": "b"}\n'
        ),
        r"line 2 is not .*: '\{\"review\": \"b\"\}'",
    ),
    "holdout label that the recipe does not know": (
        lambda job: job.holdout([{"text": "a", "labels": ["neutral"]}]),
        r"line 1 has the label 'neutral', which the recipe does not know. Its labels: negative, positive",
    ),
    "holdout text with two labels": (
        lambda job: job.holdout([{"text": "a", "labels": list(job.LABELS)}]),
        r"line 1 has 2 labels; the recipe gives each text exactly one",
    ),
    "holdout that is not UTF-8": (
        lambda job: job.put("holdout/holdout.jsonl", b'{"text": "caf\xe9", "labels": ["positive"]}\n'),
        r"The holdout .* is not UTF-8",
    ),
    "champion without its artifact": (
        lambda job: setattr(job, "champion_arn", job.ARN),
        r"The champion is arn:.*, but .*champion/model\.tar\.gz does not exist",
    ),
    "champion without a name": (
        lambda job: job.put("champion/model.tar.gz", "..."),
        r"The champion is none, but .*champion/model\.tar\.gz exists",
    ),
    "configuration that is not there": (
        lambda job: _remove(job, "code/evaluate.json"),
        r"evaluate\.json is not a configuration of this step \(FileNotFoundError",
    ),
    "metric that the gate does not know": (
        lambda job: job.config(metric="precision_at_1"),
        r"gate\.metric is precision_at_1\. Allowed here: accuracy, balanced_accuracy, macro_f1, micro_f1",
    ),
}


@pytest.mark.parametrize("fault", BAD_INPUTS)
def test_bad_input_is_one_clear_message_and_no_result(job, fault):
    spoil, message = BAD_INPUTS[fault]
    spoil(job)

    with pytest.raises(StepError, match=message):
        job.evaluated()

    assert not (job.root / "output").exists()


def test_a_damaged_champion_is_named_as_such(job, artifact):
    job.champion(artifact)
    _cut(job, "champion/model.tar.gz")

    with pytest.raises(StepError, match=r"The champion's .* is damaged"):
        job.evaluated()


OWNED = "print('owned')\nimport os\nos.abort()\n"


@pytest.mark.parametrize("name", ["text_rules.py", "contract.json"])
def test_nothing_of_a_changed_contract_is_read(job, name, capfd):
    job.sha256["candidate-contract"] = digests.of_folder(job.root / "candidate-contract")
    job.put(f"candidate-contract/{name}", OWNED)

    assert "The candidate's contract was changed after it was written" in job.refused()
    assert "owned" not in capfd.readouterr().out


def test_nothing_of_a_changed_contract_is_imported(job):
    """A module of a name that every program imports, which this process has done already."""
    job.sha256["candidate-contract"] = digests.of_folder(job.root / "candidate-contract")
    job.put("candidate-contract/json.py", OWNED)

    done = job.run()

    assert done.returncode == 1
    assert "owned" not in done.stdout
    assert "The candidate's contract was changed after it was written" in (job.root / "message").read_text()


def test_nothing_of_the_champions_changed_contract_is_imported(job, artifact, capfd):
    job.champion(artifact)
    job.sha256["champion-contract"] = digests.of_folder(job.root / "champion-contract")
    job.put("champion-contract/text_rules.py", OWNED)

    assert "The champion's contract was changed" in job.refused()
    assert "owned" not in capfd.readouterr().out


def test_a_champion_whose_artifact_was_changed_is_not_compared_with(job, artifact, wrong_artifact):
    job.champion(wrong_artifact)
    job.sha256["champion"] = digests.of_file(artifact)

    assert "The champion's artifact was changed after it was registered" in job.refused()
