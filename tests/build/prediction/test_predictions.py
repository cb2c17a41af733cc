"""Probabilities from what models answer, and scripts that answer as nobody expects."""

import io
import json
import os
import pickle
import sys
import tarfile
import zipfile

import numpy as np
import pytest

from failure import StepError
from prediction import ask_script, predictions, scripted
from prediction.serving import LIKE_BLAZINGTEXT

LABELS = ["a", "b", "c"]


def probabilities(lines, answers, multi_label=False):
    found = predictions.of(lines, answers, LABELS, multi_label=multi_label)
    return found.probabilities.round(6).tolist(), found.empty


@pytest.mark.parametrize(
    ("answer", "one", "several"),
    [
        ((["a", "b", "c"], [0.2, 0.3, 0.5]), [0.2, 0.3, 0.5], [0.2, 0.3, 0.5]),
        ((["c", "a", "b"], [0.5, 0.2, 0.3]), [0.2, 0.3, 0.5], [0.2, 0.3, 0.5]),
        ((["b"], [0.25]), [0, 1, 0], [0, 0.25, 0]),
        ((["a", "b"], [0.6, 0.6]), [0.5, 0.5, 0], [0.6, 0.6, 0]),
        ((["a"], [1.00001]), [1, 0, 0], [1, 0, 0]),
        ((["a", "b"], [0.5, -0.1]), [1, 0, 0], [0.5, 0, 0]),
        ((["a", "b", "c"], [0, 0, 0]), [0.333333] * 3, [0, 0, 0]),
        (([], []), [0.333333] * 3, [0, 0, 0]),
    ],
)  # fmt: skip
def test_an_answer_becomes_a_row_in_the_order_of_the_labels(answer, one, several):
    assert probabilities(["x"], [answer])[0] == [one]
    assert probabilities(["x"], [answer], multi_label=True)[0] == [several]


def test_lines_of_which_nothing_is_left_are_not_asked_for_and_counted():
    answered = (["a"], [1.0])
    assert probabilities(["", "x", "", "y"], [answered, (["b"], [1.0])]) == (
        [[0.333333] * 3, [1, 0, 0], [0.333333] * 3, [0, 1, 0]], 2,
    )  # fmt: skip
    assert probabilities(["x", "y"], [answered, ([], [])])[1] == 1
    assert probabilities(["x"], [(["a"], [0.0])])[1] == 1
    # Where labels are independent, zeros are an answer: none of them.
    assert probabilities(["x"], [(["a"], [0.0])], multi_label=True)[1] == 0
    assert probabilities([], []) == ([], 0)


def test_a_label_that_nobody_asked_for_is_an_error():
    with pytest.raises(KeyError):
        predictions.of(["x"], [(["d"], [1.0])], LABELS, multi_label=False)


# Scripts


def archive(path, files):
    with tarfile.open(path, "w:gz") as tape:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tape.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("names", "is_script"),
    [(["code/inference.py"], True), (["./code/inference.py", "weights"], True), (["model.bin"], False), (["inference.py"], False), ([], False)],
)  # fmt: skip
def test_an_artifact_with_a_serving_script_is_told_by_its_name(tmp_path, names, is_script):
    assert scripted.is_scripted(archive(tmp_path / "a", dict.fromkeys(names, b""))) is is_script


@pytest.mark.parametrize("content", [b"", b"text", b"\x1f\x8b and no more"])
def test_what_is_no_archive_has_no_script(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    assert scripted.is_scripted(tmp_path / "a") is False


def test_an_artifact_that_is_cut_off_is_damaged_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    path = archive(tmp_path / "a", {"code/inference.py": os.urandom(5000)})
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(StepError, match=r"The champion's .*/a is damaged: "):
        scripted.load(path, "champion")
    assert list((tmp_path / "scratch").iterdir()) == []


def zipped(name):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr(name, b"")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        *((pickle.dumps([1], protocol), True) for protocol in (2, 3, 4, 5)),
        (zipped("archive/data.pkl"), True), (zipped("x.pickle"), True), (zipped("x.txt"), False),
        (b"\x80", False), (b"", False), (b"\x80\x06rest", False), (b"\x80\x01rest", False), (b"PK and text", False), (b"{}", False),
    ],
)  # fmt: skip
def test_an_artifact_with_a_pickle_is_refused_before_anything_runs(tmp_path, monkeypatch, content, refused):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    path = archive(tmp_path / "a", {"code/inference.py": b"", "deep/weights": content})
    if not refused:
        scripted.load(path, "candidate")
        return
    with pytest.raises(StepError) as caught:
        scripted.load(path, "candidate")
    assert str(caught.value).startswith(
        "The candidate's artifact holds a pickle, deep/weights: to load it is to run"
    )
    assert list((tmp_path / "scratch").iterdir()) == []


def test_an_artifact_writes_nothing_outside_of_its_folder(tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    files = {
        "code/inference.py": b"",
        "../outside": b"x",
        f"{tmp_path}/absolute": b"x",
        "a/../../b": b"x",
        "a/..b": b"x",
    }
    model = scripted.load(archive(tmp_path / "artifact", files), "candidate")
    written = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    [folder] = scratch.iterdir()
    assert written == sorted(
        ["artifact", f"scratch/{folder.name}/a/..b", f"scratch/{folder.name}/code/inference.py"]
    )
    del model
    assert list(scratch.iterdir()) == []  # the folder goes with the model


class Script:
    """A serving script of three functions whose answer is `body`."""

    def __init__(self, body):
        self.body = body

    def model_fn(self, folder):
        return folder

    def input_fn(self, request, kind):
        assert kind == "application/json"
        return json.loads(request)

    def predict_fn(self, asked, model):
        return [asked, model]

    def output_fn(self, answered, accept):
        assert accept == "application/json"
        return json.dumps(answered) if self.body is None else self.body


class Transforming:
    def model_fn(self, folder):
        return "model"

    def transform_fn(self, *given):
        return json.dumps(given)


@pytest.mark.parametrize(
    ("script", "response"),
    [
        (Script(None), '[{"k": 1}, "FOLDER"]'),
        (Script("text"), "text"),
        (Script(b"caf\xc3\xa9"), "caf\u00e9"),
        (Script(("body", "application/json")), "body"),
        (Script((b"bytes", "application/json")), "bytes"),
        (Transforming(), '["model", "{\\"k\\": 1}", "application/json", "application/json"]'),
    ],
    ids=["three functions", "text", "bytes", "a pair", "a pair of bytes", "one function"],
)
def test_a_script_is_called_as_an_endpoint_calls_it(tmp_path, monkeypatch, script, response):
    monkeypatch.setitem(sys.modules, "inference", script)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "asked").write_text(json.dumps(['{"k": 1}', '{"k": 1}']))
    ask_script.main(str(tmp_path), str(tmp_path / "asked"), str(tmp_path / "answered"))
    answered = json.loads((tmp_path / "answered").read_text())
    assert answered == [response.replace("FOLDER", str(tmp_path))] * 2
    assert sys.path[0] == str(tmp_path / "code")


@pytest.mark.parametrize(
    ("responses", "said"),
    [
        (['[{"label": ["a"], "prob": [1.0001]}]'], None), (['[{"label": ["a"], "prob": [0.0]}]'], None), (["[]"], None), ([], None),
        (['[{"label": ["a"], "prob": [1.001]}]'], "answered the score 1.001; expected a score from 0 to 1"),
        (['[{"label": ["a"], "prob": [-0.1]}]'], "answered the score -0.1"), (['[{"label": ["a", "b"], "prob": [0.5, NaN]}]'], "answered the score nan"),
        (["{}x"], "(JSONDecodeError: Extra data"), (["5"], "(TypeError: "), (['[{"label": ["a"]}]'], "(KeyError: 'prob')"), (['[{"label": ["a"], "prob": ["x"]}]'], "(ValueError: "),
        ({"a": 1}, "something else than a list of {\"label\": [...], \"prob\": [...]}"),
    ],
)  # fmt: skip
def test_what_a_script_answers_is_read_or_told_as_it_came(tmp_path, responses, said):
    path = tmp_path / "answered.json"
    path.write_text(json.dumps(responses))
    if said is None:
        found = scripted._parsed(path, LIKE_BLAZINGTEXT, "candidate")
        assert [answer.labels for answer in found] == [["a"]] * len(
            [each for each in responses if each != "[]"]
        )
        return
    with pytest.raises(StepError, match=r"The candidate's code/inference\.py answered") as caught:
        scripted._parsed(path, LIKE_BLAZINGTEXT, "candidate")
    assert said in str(caught.value)


def test_scores_stay_what_they_are_as_numbers():
    found = predictions.of(["x"], [(["a", "b"], [0.1, 0.9])], ["a", "b"], multi_label=True)
    assert found.probabilities.dtype == np.float64
    assert found.probabilities.tolist() == [[0.1, 0.9]]
