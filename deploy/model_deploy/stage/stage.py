"""A stage: the settings of one endpoint and of its rollouts.

`Stage.load` parses and checks a file of `stages/`. Nothing here calls AWS.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from model_common.configuration import Part, describe, frozen, load, matching, problem, refusal
from model_deploy.errors import StageError
from model_deploy.stage import combinations
from model_deploy.stage.alarms import Alarms
from model_deploy.stage.api import Api
from model_deploy.stage.endpoint import Endpoint
from model_deploy.stage.rollout import Rollout
from model_deploy.stage.scaling import Scaling

StageName = Annotated[
    str,
    matching(r"[a-z0-9](-*[a-z0-9]){0,19}", "up to 20 lower-case letters, digits and dashes between them"),
]
KmsKey = Annotated[str, matching(r"[a-zA-Z0-9:/_-]{1,2048}", "the id, alias or ARN of a KMS key")]
Subnet = Annotated[str, matching(r"subnet-[0-9a-z]+", "the id of a subnet")]
SecurityGroup = Annotated[str, matching(r"sg-[0-9a-z]+", "the id of a security group")]
TagKey = Annotated[
    str,
    matching(r"[\w\s.:/=+@-]{1,128}", "1 to 128 letters, digits, spaces and _.:/=+-@"),
    matching(
        r"(?i:(?!aws:|sagemaker:)).*", "no aws: or sagemaker: in front; those are AWS's and this tool's"
    ),
]
TagValue = Annotated[str, matching(r"[\w\s.:/=+@-]{0,256}", "up to 256 letters, digits, spaces and _.:/=+-@")]

LONG_BAKE_SECONDS = 360
"""The seconds of bake after which CloudWatch notices that no command has watched for two minutes."""

_MOST_TAGS, _MOST_TAG_CHARACTERS = 10, 1000


class Capture(Part):
    """Requests and answers are written to `datacapture/<stage>/` of the artifact bucket, this share of them."""

    sampling_percent: Annotated[int, Field(ge=1, le=100)] = 100


class Network(Part):
    """The network of the containers. With `isolation` they have no network; with subnets they run in that VPC."""

    isolation: bool = False
    subnets: Annotated[tuple[Subnet, ...], Field(max_length=16)] = ()
    security_groups: Annotated[tuple[SecurityGroup, ...], Field(max_length=5)] = ()

    @model_validator(mode="after")
    def _vpc_is_complete(self) -> Self:
        for present, missing in (("subnets", "security_groups"), ("security_groups", "subnets")):
            if getattr(self, present) and not getattr(self, missing):
                raise problem(missing, "missing. A VPC takes both subnets and security_groups")
        return self


class Stage(Part):
    """One endpoint, from its instances to its API. `name` is the file's."""

    name: StageName
    endpoint: Endpoint = Field(description="what serves the model")
    rollout: Rollout = Rollout()
    alarms: Alarms | None = None
    scaling: Scaling | None = None
    capture: Capture | None = None
    kms_key: KmsKey | None = None
    network: Network = Network()
    tags: dict[TagKey, TagValue] = Field(default_factory=dict)
    api: Api | None = None
    production_gate: Literal["github", "registry"] = "github"

    @field_validator("name")
    @classmethod
    def _name_is_the_files(cls, name: str, info: ValidationInfo) -> str:
        if name != info.context:
            raise problem(
                "", f"found {name!r}. Allowed: {info.context}, as the file is called; or leave the key out"
            )
        return name

    @field_validator("tags")
    @classmethod
    def _tags_leave_room(cls, tags: dict[str, str]) -> dict[str, str]:
        length = sum(len(key) + len(value) for key, value in tags.items())
        if len(tags) > _MOST_TAGS or length > _MOST_TAG_CHARACTERS:
            raise problem(
                "",
                f"found {len(tags)}, of {length} characters. Allowed: {_MOST_TAGS}, of {_MOST_TAG_CHARACTERS} in all; every "
                "resource of the template repeats them, and a template has 51,200 bytes",
            )
        return tags

    @property
    def unwatched_minutes(self) -> int:
        """The minutes for which an update may run without a command that watches it, before it is rolled back.

        Two if the bakes are long enough for that after the alarms' evaluation, else one. CloudWatch needs up to four
        minutes more to treat data as missing.
        """
        return 2 if self._watchable_seconds >= LONG_BAKE_SECONDS else 1

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about a stage that can be rolled out."""
        found = (self._bake_warning, self.api.warning if self.api else None)
        return tuple(each for each in found if each is not None)

    @property
    def _bake_warning(self) -> str | None:
        """A warning about bakes that may end before anybody notices that a command was killed; None without one."""
        guarded = self.alarms is not None and self.alarms.rollback and self.rollout.bake_seconds > 0
        if not guarded or self._watchable_seconds >= LONG_BAKE_SECONDS:
            return None
        baked = self.rollout.steps * self.rollout.bake_seconds
        return (
            f"rollout.bake_seconds: {baked} s of bake in all may end before CloudWatch notices that a command was killed, "
            f"and what nobody watched stays then. {baked - self._watchable_seconds + LONG_BAKE_SECONDS} s or more are noticed: "
            f"{LONG_BAKE_SECONDS} s beyond the alarms' own evaluation."
        )

    @property
    def _watchable_seconds(self) -> int:
        """The seconds of bake that are left after the alarms' evaluation."""
        reaction = self.alarms.reaction_seconds if self.alarms else 0
        return self.rollout.steps * self.rollout.bake_seconds - reaction

    @classmethod
    def load(cls, path: Path) -> Stage:
        """Read and check a stage file.

        Raises StageError with one line per problem: the key, what was found, what is allowed.
        """
        document = load(
            path, "stage", StageError, "A stage needs at least: endpoint.", show=lambda found: found.stem
        )
        return cls.parse(document, origin=path)

    @classmethod
    def parse(cls, document: dict[str, Any], origin: Path) -> Stage:
        """Check an already parsed stage; `origin` names it, and is named in messages.

        Raises StageError, as `load` does.
        """
        try:
            stage = cls.model_validate({"name": origin.stem} | frozen(document), context=origin.stem)
        except ValidationError as error:
            raise StageError(refusal(origin, describe(error, cls))) from error
        lines = [f"{key}: {words}." for key, words in combinations.problems(stage)]
        if lines:
            raise StageError(refusal(origin, lines))
        return stage
