"""The parameters of a project, as Studio shows them."""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk

from project_template.stacks.publication_values import RECIPES, Publication

_REPOSITORY = r"^$|^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$"
_REVIEWER = r"[A-Za-z0-9][A-Za-z0-9-]{0,38}(/[A-Za-z0-9._-]{1,100})?"


@dataclass(frozen=True)
class Shown:
    """A parameter with what Studio shows of it; a default of None makes it obligatory."""

    name: str
    label: str
    description: str
    default: str | None = None
    pattern: str | None = None
    allowed: tuple[str, ...] = ()
    longest: int | None = None
    constraint: str | None = None


def _groups(publication: Publication) -> dict[str, tuple[Shown, ...]]:
    return {
        "Project": (_NAME, _ID),
        "GitHub": (_OWNER, _BUILD, _DEPLOY, _VISIBILITY),
        "Model": (_RECIPE, _DATA, _DATA_KEY, _WATCHED, _REGISTER_APPROVED, _TRIAL),
        "Deployment": (_KIND, _GATE, _REVIEWERS, _SUBNETS, _PUBLIC_API),
        "Account (the publisher's choice; leave it unless you know better)": (
            Shown(
                "PermissionsBoundaryArn",
                "Permissions boundary",
                "The ARN of the managed policy that bounds every role of the project.",
                publication.permissions_boundary_arn,
                r"^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]{1,512}$",
                constraint="The ARN of a managed policy: arn:aws:iam::ACCOUNT:policy/NAME.",
            ),
            Shown(
                "OidcProviderArn",
                "GitHub's OIDC provider",
                f"The ARN of the account's provider for {publication.issuer}. Empty: the project makes it, and leaves it "
                "behind.",
                publication.oidc_provider_arn,
                r"^$|^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/.{1,255}$",
                constraint="Empty, or arn:aws:iam::ACCOUNT:oidc-provider/HOST.",
            ),
        ),
    }


_NAME = Shown(
    "SageMakerProjectName",
    "Project name",
    "The project's name, which SageMaker fills in.",
    None,
    r"^[a-z0-9](-*[a-z0-9]){0,31}$",
    longest=32,
    constraint="Up to 32 lower-case letters, digits and hyphens, beginning and ending with a letter or digit: SageMaker "
    "writes ARNs in lower case, and IAM compares them letter by letter.",
)
_ID = Shown(
    "SageMakerProjectId",
    "Project ID",
    "The project's id, which SageMaker fills in. Empty: the name of the stack.",
    "",
    r"^$|^[A-Za-z0-9][A-Za-z0-9-]{0,127}$",
    longest=128,
    constraint="Letters, digits and hyphens.",
)
_OWNER = Shown(
    "GitHubOwner",
    "Organisation",
    "The GitHub organisation (or, with a token, the user) that the two repositories are made for.",
    None,
    r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}$",
    longest=39,
    constraint="The name of an organisation or user on GitHub: up to 39 letters, digits and hyphens.",
)
_BUILD = Shown(
    "BuildRepositoryName",
    "Build repository",
    "Whose commits train the model. Empty: the project's name with -build.",
    "",
    _REPOSITORY,
    longest=100,
    constraint="Empty, or up to 100 letters, digits, hyphens, dots and underscores, without the owner.",
)
_DEPLOY = Shown(
    "DeployRepositoryName",
    "Deploy repository",
    "Which carries approved models to endpoints. Empty: the project's name with -deploy.",
    "",
    _REPOSITORY,
    longest=100,
    constraint="Empty, or up to 100 letters, digits, hyphens, dots and underscores, without the owner.",
)
_VISIBILITY = Shown(
    "RepositoryVisibility",
    "Visibility",
    "Who sees the repositories. What GitHub protects in private ones depends on the organisation's plan.",
    "private",
    allowed=("private", "internal", "public"),
)
_RECIPE = Shown(
    "Recipe",
    "Recipe",
    "The problem to begin with; recipes/ in the build repository holds all of them.",
    RECIPES[0],
    allowed=RECIPES,
)
_DATA = Shown(
    "TrainingData",
    "Training data",
    "The S3 URI of the object to train with; or of a prefix, which ends in a slash: the objects below it are the parts of one "
    "data set. Empty: it is set later, as the variable TRAINING_DATA.",
    "",
    r"^$|^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^/].{0,1023}$",
    longest=1100,
    constraint="Empty, or s3://BUCKET/KEY of one object, or s3://BUCKET/PREFIX/.",
)
_DATA_KEY = Shown(
    "TrainingDataKey",
    "Training data's key",
    "The ARN of the KMS key that the training data is encrypted with, where that is not S3's own. The key's policy has to "
    "let this account's roles use it.",
    "",
    r"^$|^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}$",
    constraint="Empty, or arn:aws:kms:REGION:ACCOUNT:key/ID.",
)
_WATCHED = Shown(
    "WatchedPrefix",
    "Watched prefix",
    "New objects whose keys begin so, in the bucket of the training data, have main train again: the training data without "
    "s3://BUCKET/. The bucket has to send its events to EventBridge. Empty: none is watched.",
    "",
    r"^$|^[^/].*$",
    longest=1024,
    constraint="Empty, or how the keys begin, as reviews/: up to 1024 characters, of which the first is no slash.",
)
_REGISTER_APPROVED = Shown(
    "RegisterApproved",
    "Registration as approved",
    "Whether a run on main may register a model as approved (`model-build run --approved`), which deploys it to staging without "
    "somebody's approval. Otherwise every model waits for one.",
    "no",
    allowed=("no", "yes"),
)
_TRIAL = Shown(
    "TrialEndpoint",
    "Trial endpoints",
    "Whether the pipelines may serve a candidate from a temporary endpoint before the gate decides (trial in a recipe). It "
    "costs what an endpoint costs, for some minutes of each run.",
    "no",
    allowed=("no", "yes"),
)
_KIND = Shown(
    "EndpointKind",
    "Endpoint",
    "Instances that always run (with canaries and automatic rollback), or serverless.",
    "realtime",
    allowed=("realtime", "serverless"),
)
_GATE = Shown(
    "ProductionGate",
    "Gate to production",
    "Reviewers of a GitHub environment (private repositories: GitHub Enterprise), or the model registry, where an approver "
    "sets the life cycle Production/Approved.",
    "github",
    allowed=("github", "registry"),
)
_REVIEWERS = Shown(
    "ProductionReviewers",
    "Production reviewers",
    "With the GitHub gate, one to six logins or teams (organisation/team), with commas and without spaces.",
    "",
    rf"^$|^{_REVIEWER}(,{_REVIEWER}){{0,5}}$",
    longest=900,
    constraint="Up to six logins or organisation/team, with commas and without spaces.",
)


_SUBNETS = Shown(
    "EndpointSubnets",
    "Endpoints' subnets",
    "Where a stage has a VPC: the ids of its subnets, with commas and without spaces, which models are then held to. Empty: "
    "any subnet of the account.",
    "",
    r"^$|^subnet-[0-9a-f]{8,17}(,subnet-[0-9a-f]{8,17}){0,15}$",
    longest=400,
    constraint="Up to 16 ids of subnets, with commas and without spaces.",
)
_PUBLIC_API = Shown(
    "PublicApi",
    "Public API",
    "Whether a stage's API may be open to everybody (api.auth: public), who then ask the model at your cost. Otherwise callers "
    "sign their requests or send a token.",
    "no",
    allowed=("no", "yes"),
)


class Parameters:
    """The parameters and conditions of a stack; the values that are worked out from them."""

    def __init__(self, stack: cdk.Stack, publication: Publication) -> None:
        groups = _groups(publication)
        for shown in (each for group in groups.values() for each in group):
            _declare(stack, shown)
        stack.template_options.metadata = {
            "AWS::CloudFormation::Interface": {
                "ParameterGroups": [
                    {"Label": {"default": label}, "Parameters": [shown.name for shown in group]}
                    for label, group in groups.items()
                ],
                "ParameterLabels": {
                    shown.name: {"default": shown.label} for group in groups.values() for shown in group
                },
            }
        }
        _require_reviewers(stack)
        _require_data(stack)
        self._stack = stack
        self._has_id = self._filled("HasProjectId", "SageMakerProjectId")
        self._has_build = self._filled("HasBuildRepositoryName", "BuildRepositoryName")
        self._has_deploy = self._filled("HasDeployRepositoryName", "DeployRepositoryName")
        self.has_reviewers = self._filled("HasProductionReviewers", "ProductionReviewers")
        self.has_data = self._filled("HasTrainingData", "TrainingData")
        self.has_data_key = self._filled("HasTrainingDataKey", "TrainingDataKey")
        equals = cdk.Fn.condition_equals(cdk.Fn.ref("WatchedPrefix"), "")
        self.watches_data = cdk.CfnCondition(stack, "WatchesData", expression=cdk.Fn.condition_not(equals))
        self.registers_approved = self._is_yes("RegistersApproved", "RegisterApproved")
        self.has_public_api = self._is_yes("HasPublicApi", "PublicApi")
        self.has_trials = cdk.CfnCondition(
            stack,
            "HasTrialEndpoint",
            expression=cdk.Fn.condition_equals(cdk.Fn.ref("TrialEndpoint"), "yes"),
        )
        self.has_subnets = self._filled("HasEndpointSubnets", "EndpointSubnets")
        self.makes_provider = cdk.CfnCondition(
            stack, "MakesOidcProvider", expression=cdk.Fn.condition_equals(cdk.Fn.ref("OidcProviderArn"), "")
        )

    def _filled(self, condition: str, parameter: str) -> str:
        equals = cdk.Fn.condition_equals(cdk.Fn.ref(parameter), "")
        return cdk.CfnCondition(self._stack, condition, expression=cdk.Fn.condition_not(equals)).logical_id

    def _is_yes(self, condition: str, parameter: str) -> str:
        equals = cdk.Fn.condition_equals(cdk.Fn.ref(parameter), "yes")
        return cdk.CfnCondition(self._stack, condition, expression=equals).logical_id

    @property
    def approvals(self) -> cdk.IResolvable:
        """The approval statuses that a pipeline may register models with."""
        pending = "PendingManualApproval"
        return cdk.Fn.condition_if(self.registers_approved, [pending, "Approved"], [pending])

    @property
    def project_name(self) -> str:
        """The name of the project."""
        return cdk.Fn.ref("SageMakerProjectName")

    @property
    def project_id(self) -> str:
        """The id that SageMaker gave; where it gave none, the stack's name, which holds it."""
        return _if(self._has_id, cdk.Fn.ref("SageMakerProjectId"), cdk.Aws.STACK_NAME)

    @property
    def build_repository(self) -> str:
        """The name of the build repository: the parameter, or PROJECT-build."""
        default = cdk.Fn.sub("${SageMakerProjectName}-build")
        return _if(self._has_build, cdk.Fn.ref("BuildRepositoryName"), default)

    @property
    def deploy_repository(self) -> str:
        """The name of the deploy repository: the parameter, or PROJECT-deploy."""
        default = cdk.Fn.sub("${SageMakerProjectName}-deploy")
        return _if(self._has_deploy, cdk.Fn.ref("DeployRepositoryName"), default)

    @property
    def reviewers(self) -> cdk.IResolvable:
        """The reviewers as a list, which is empty where there are none."""
        given = cdk.Fn.split(",", cdk.Fn.ref("ProductionReviewers"))
        return cdk.Fn.condition_if(self.has_reviewers, given, [])

    @property
    def subnets(self) -> cdk.IResolvable:
        """Patterns of the ids of subnets that models may be connected to."""
        given = cdk.Fn.split(",", cdk.Fn.ref("EndpointSubnets"))
        return cdk.Fn.condition_if(self.has_subnets, given, "*")

    @property
    def subnet_arns(self) -> cdk.IResolvable:
        """The same as patterns of their ARNs."""
        # The delimiter of Fn::Join is no place for a parameter: so the ids alone tell the subnets apart.
        begin = "arn:*:ec2:*:*:subnet/"
        each = cdk.Fn.join(f",{begin}", cdk.Fn.split(",", cdk.Fn.ref("EndpointSubnets")))
        given = cdk.Fn.split(",", cdk.Fn.join("", [begin, each]))
        return cdk.Fn.condition_if(self.has_subnets, given, f"{begin}*")

    @property
    def training_data(self) -> str:
        """The URI, or nothing at all: a variable without a value is no variable on GitHub."""
        return _if(self.has_data, cdk.Fn.ref("TrainingData"), cdk.Aws.NO_VALUE)

    @property
    def training_data_bucket(self) -> str:
        """The bucket of the training data, where there is some."""
        return cdk.Fn.select(2, cdk.Fn.split("/", cdk.Fn.ref("TrainingData")))


def _declare(stack: cdk.Stack, shown: Shown) -> None:
    cdk.CfnParameter(
        stack,
        shown.name,
        type="String",
        description=shown.description,
        default=shown.default,
        allowed_pattern=shown.pattern,
        allowed_values=list(shown.allowed) or None,
        max_length=shown.longest,
        constraint_description=shown.constraint or "One of " + ", ".join(shown.allowed) + ".",
    )


def _require_reviewers(stack: cdk.Stack) -> None:
    """A gate without anybody at it would be none: refused before anything is made."""
    named = cdk.Fn.condition_not(cdk.Fn.condition_equals(cdk.Fn.ref("ProductionReviewers"), ""))
    cdk.CfnRule(
        stack,
        "ProductionIsReviewed",
        rule_condition=cdk.Fn.condition_equals(cdk.Fn.ref("ProductionGate"), "github"),
        assertions=[
            cdk.CfnRuleAssertion(
                assert_=named,
                assert_description="With the GitHub gate somebody has to review what goes to production: name them in "
                "ProductionReviewers, or set ProductionGate to registry.",
            )
        ],
    )


def _require_data(stack: cdk.Stack) -> None:
    """A prefix is one of the training data's bucket."""
    named = cdk.Fn.condition_not(cdk.Fn.condition_equals(cdk.Fn.ref("TrainingData"), ""))
    watched = cdk.Fn.condition_not(cdk.Fn.condition_equals(cdk.Fn.ref("WatchedPrefix"), ""))
    cdk.CfnRule(
        stack,
        "WatchedDataIsNamed",
        rule_condition=watched,
        assertions=[
            cdk.CfnRuleAssertion(
                assert_=named,
                assert_description="What is watched is the training data: name it in TrainingData, or leave WatchedPrefix empty.",
            )
        ],
    )


def _if(condition: str, then: str, otherwise: str) -> str:
    return cdk.Fn.condition_if(condition, then, otherwise).to_string()
