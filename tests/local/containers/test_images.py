"""Images are known by their registry URI; an unknown one is refused naming it and those there are."""

import re
from pathlib import Path

import pytest

from local_aws.containers import images
from local_aws.containers.errors import UnknownImageError
from local_aws.containers.images import Image, Kind


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/blazingtext:1", Kind.BLAZINGTEXT),
        ("141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3", Kind.SCRIPT),
        ("450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-scikit-learn:1.2-1", Kind.SCRIPT),
        ("141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn", Kind.SCRIPT),
    ],
)
def test_an_image_is_known_in_every_region_and_tag(uri, kind):
    assert images.find(uri).kind is kind


@pytest.mark.parametrize(
    "uri",
    [
        "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1",
        "sagemaker-scikit-learn:1.2-1",
        "docker.io/library/python:3.11",
        "",
    ],
)
def test_an_unknown_image_is_refused_naming_it_and_those_there_are(uri):
    with pytest.raises(UnknownImageError) as refused:
        images.find(uri)
    assert repr(uri) in str(refused.value)
    for known in (
        "blazingtext",
        "sagemaker-scikit-learn",
        "pytorch-training",
        "pytorch-inference",
        "huggingface-pytorch-training",
        "sagemaker-spark-processing",
    ):
        assert known in str(refused.value)


def test_an_image_whose_framework_is_not_installed_is_refused_saying_what_to_install(monkeypatch):
    monkeypatch.setitem(
        images.IMAGES, "pytorch-training", Image("pytorch-training", Kind.SCRIPT, "no-such-framework")
    )
    with pytest.raises(UnknownImageError, match="make extras, or pip install no-such-framework"):
        images.find("763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-training:2.9.0-cpu-py312")


def test_an_image_whose_program_is_not_installed_is_refused_saying_what_to_install(monkeypatch):
    needs = Image("pyspark", Kind.SCRIPT, "pytest", programs=(("no-such-java", "Java 17"),))
    monkeypatch.setitem(images.IMAGES, images.SPARK, needs)
    with pytest.raises(UnknownImageError, match=r"needs no-such-java, which .* Install Java 17"):
        images.find("571004829621.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-spark-processing:3.5-cpu")


def test_spark_that_is_not_installed_is_refused_before_its_job_begins(monkeypatch):
    missing = Image(images.SPARK, Kind.SCRIPT, "no-such-spark")
    monkeypatch.setitem(images.IMAGES, images.SPARK, missing)
    with pytest.raises(UnknownImageError, match="make extras, or pip install no-such-spark"):
        images.find("571004829621.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-spark-processing:3.5-cpu")


@pytest.mark.parametrize("image", images.IMAGES.values(), ids=lambda image: image.repository)
def test_every_image_says_what_it_ships(image):
    assert image.kind is Kind.BLAZINGTEXT or image.made_for in image.distributions


LISTS = sorted((Path(images.__file__).parent / "images").glob("*.txt"))


@pytest.mark.parametrize("file", LISTS, ids=lambda file: file.stem)
def test_every_list_says_where_it_comes_from_and_of_when_it_is(file):
    head = "".join(line for line in file.read_text().splitlines(keepends=True) if line.startswith("# "))
    assert re.search(r"^# Source: \S+", head, re.MULTILINE)
    assert re.search(r"^# Date: 20\d\d-\d\d-\d\d$", head, re.MULTILINE)


def test_the_scikit_learn_image_has_what_its_requirements_and_its_miniconda_bring():
    shipped = set(images.IMAGES["sagemaker-scikit-learn"].distributions)
    assert {"requests", "pyarrow", "PyYAML", "gunicorn", "pandas", "scikit-learn"} <= shipped
    assert not {"fasttext-community", "torch", "transformers", "sagemaker-core"} & shipped
