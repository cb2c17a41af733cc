"""What the jobs run, named by its content."""

import hashlib

import pytest

from model_build.aws.code import Folder, folder_sha256, script, upload
from model_build.errors import IntegrityError, UsageError


def write(folder, files):
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_a_folders_hash_is_that_of_its_sorted_names_and_hashes():
    one, two = hashlib.sha256(b"1").hexdigest(), hashlib.sha256(b"2").hexdigest()
    expected = hashlib.sha256(f"a.py\0{one}\nb/c.py\0{two}\n".encode()).hexdigest()
    assert folder_sha256({"b/c.py": b"2", "a.py": b"1"}) == expected


@pytest.mark.parametrize(
    "other", [{"a": b"1"}, {"a": b"1", "c": b"2"}, {"a": b"2", "b": b"1"}, {"a": b"1", "b": b"2", "c": b""}]
)
def test_any_difference_makes_another_hash(other):
    assert folder_sha256(other) != folder_sha256({"a": b"1", "b": b"2"})


def test_a_script_brings_what_it_imports_directly_or_not_and_nothing_else(tmp_path):
    steps = write(
        tmp_path,
        {
            "prepare.py": "import json\nimport readers\nfrom rows import Row\n",
            "readers.py": "def read():\n    import zips\n",
            "rows.py": "from __future__ import annotations\nimport prepare\n",
            "zips.py": "",
            "gate.py": "",
        },
    )
    assert set(script(steps, "prepare")) == {"prepare.py", "readers.py", "rows.py", "zips.py"}


def test_a_script_brings_the_modules_of_packages_that_it_imports_by_their_paths(tmp_path):
    for package in ("reading", "reading/formats", "gates"):
        (tmp_path / package).mkdir()
    write(
        tmp_path,
        {
            "prepare.py": "from reading import rows\nimport reading.formats.csv\n",
            "reading/__init__.py": "",
            "reading/rows.py": "from reading.files import opened\n",
            "reading/files.py": "",
            "reading/unused.py": "",
            "reading/formats/__init__.py": "",
            "reading/formats/csv.py": "",
            "gates/__init__.py": "",
        },
    )
    assert set(script(tmp_path, "prepare")) == {
        "prepare.py",
        "reading/__init__.py",
        "reading/rows.py",
        "reading/files.py",
        "reading/formats/__init__.py",
        "reading/formats/csv.py",
    }


def test_a_missing_script_is_a_usage_error_that_names_it(tmp_path):
    with pytest.raises(UsageError, match=r"prepare\.py cannot be read .*--root"):
        script(tmp_path, "prepare")


def test_the_real_steps_are_complete_and_apart(repository):
    prepare, evaluate = script(repository / "steps", "prepare"), script(repository / "steps", "evaluate")
    assert {"prepare.py", "text_rules.py"} <= set(prepare)
    assert {"evaluate.py", "evaluation/gate.py"} <= set(evaluate)
    # A change of the gate or of a figure must not cost a preparation.
    assert not {path for path in prepare if path.startswith(("evaluation/", "prediction/"))}


def test_only_what_the_bucket_lacks_is_uploaded(aws):
    s3 = aws.client("s3")
    folder = Folder("code", {"a.py": b"print(1)\n", "sub/b.json": b"{}"})
    keys = [f"{folder.prefix}a.py", f"{folder.prefix}sub/b.json"]
    assert upload(s3, aws.bucket, folder) == keys
    assert upload(s3, aws.bucket, folder) == []
    s3.delete_object(Bucket=aws.bucket, Key=keys[1])
    assert upload(s3, aws.bucket, folder) == keys[1:]
    assert s3.get_object(Bucket=aws.bucket, Key=keys[0])["Body"].read() == b"print(1)\n"


@pytest.mark.parametrize("written", [b"print", b"print(2)\n"])
def test_other_content_at_a_files_place_is_an_error_that_names_it(aws, written):
    s3 = aws.client("s3")
    folder = Folder("code", {"a.py": b"print(1)\n"})
    s3.put_object(Bucket=aws.bucket, Key=f"{folder.prefix}a.py", Body=written)
    with pytest.raises(IntegrityError, match=f"s3://{aws.bucket}/{folder.prefix}a.py holds other content"):
        upload(s3, aws.bucket, folder)


def test_a_file_that_the_folder_does_not_have_is_an_error_that_names_it(aws):
    s3 = aws.client("s3")
    folder = Folder("code", {"a.py": b"import json\n"})
    s3.put_object(Bucket=aws.bucket, Key=f"{folder.prefix}json.py", Body=b"print('mine')\n")
    with pytest.raises(IntegrityError, match=rf"{folder.prefix}json\.py does not belong"):
        upload(s3, aws.bucket, folder)
