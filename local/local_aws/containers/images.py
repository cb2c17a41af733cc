"""The images that the embedded SageMaker runs, known by the repository in their registry URI.

What a job may import is a list per image, `images/NAME.txt`: the distributions that the real image ships. Their
versions, and the version of Python, are those of the server, not those of the image's tag.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import distribution
from importlib.resources import files

from local_aws.containers.errors import UnknownImageError

_URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?"
    r"/(?P<repository>[^:@]+)(:(?P<tag>[^@]+))?(@sha256:[0-9a-f]{64})?"
)


SPARK = "sagemaker-spark-processing"


class Kind(Enum):
    """How a job of an image is run."""

    BLAZINGTEXT = "BlazingText, a built-in algorithm: its own program runs, configured by hyperparameters"
    SCRIPT = "a framework: the caller's script runs"


@dataclass(frozen=True)
class Image:
    """An image by its repository. `made_for` is the distribution without which the image makes no sense.

    `serves` is whether it answers an endpoint's requests. `programs` are those of this machine that it needs, each with what
    installs it.
    """

    repository: str
    kind: Kind
    made_for: str
    serves: bool = False
    programs: tuple[tuple[str, str], ...] = ()

    @property
    def distributions(self) -> tuple[str, ...]:
        """The distributions a job in this image can import, as PyPI names them."""
        text = files(__package__).joinpath("images", f"{self.repository}.txt").read_text(encoding="utf-8")
        names = (line.partition("#")[0].strip() for line in text.splitlines())
        return tuple(name for name in names if name)

    @property
    def is_cluster(self) -> bool:
        """Whether several instances of a job work together: here one process does, with all cores of this machine."""
        return self.repository == SPARK

    @property
    def is_complete(self) -> bool:
        """Whether this machine has what the image is made for. Raises nothing: PyTorch is an extra."""
        try:
            distribution(self.made_for)
        except ModuleNotFoundError:
            return False
        return True


IMAGES = {
    image.repository: image
    for image in (
        Image("blazingtext", Kind.BLAZINGTEXT, "fasttext-community", serves=True),
        Image("sagemaker-scikit-learn", Kind.SCRIPT, "scikit-learn", serves=True),
        Image("pytorch-training", Kind.SCRIPT, "torch"),
        Image("pytorch-inference", Kind.SCRIPT, "torch", serves=True),
        Image("huggingface-pytorch-training", Kind.SCRIPT, "transformers"),
        Image(
            SPARK,
            Kind.SCRIPT,
            "pyspark",
            programs=(("java", "Java 17, such as Debian's openjdk-17-jre-headless"),),
        ),
    )
}


def find(uri: str, *, serving: bool = False) -> Image:
    """The image that a registry URI `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG` names.

    With `serving` it has to be one that answers an endpoint's requests. Raises UnknownImageError for anything else, and for an
    image whose framework this machine does not have.
    """
    match = _URI.fullmatch(uri)
    image = IMAGES.get(match["repository"]) if match else None
    if image is None or (serving and not image.serves):
        known = sorted(each.repository for each in IMAGES.values() if each.serves or not serving)
        raise UnknownImageError(
            f"The embedded SageMaker has no image {uri!r}{' that serves models' if serving else ''}. It has "
            f"ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG with one of the repositories {', '.join(known)}."
        )
    if not image.is_complete:
        raise UnknownImageError(
            f"The image {uri!r} is made for {image.made_for}, which is not installed beside the embedded AWS. "
            f"Install it there: make extras, or pip install {image.made_for}"
        )
    for program, package in image.programs:
        if shutil.which(program) is None:
            raise UnknownImageError(
                f"The image {uri!r} needs {program}, which this machine does not have. Install {package}, and start again."
            )
    return image
