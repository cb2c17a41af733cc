"""Where a repository is, seen from any folder of it."""

import pytest

from model_common.repository import nearest


@pytest.fixture
def folders(tmp_path):
    for folder in ("outer/stages", "outer/inner/stages", "outer/inner/deep/er", "outer/other"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "outer" / "other" / "stages").write_text("a file")
    return tmp_path / "outer"


@pytest.mark.parametrize(
    ("start", "found"),
    [
        (".", "."),
        ("inner", "inner"),
        ("inner/deep", "inner"),
        ("inner/deep/er", "inner"),
        ("stages", "."),
        ("other", "."),
        ("nowhere/at/all", "."),
    ],
)
def test_the_nearest_folder_upwards_that_holds_one_of_the_name(folders, start, found):
    assert nearest(folders / start, "stages") == folders / found


def test_where_there_is_none_there_is_nothing(folders):
    assert nearest(folders, "no-such-folder-anywhere") is None
