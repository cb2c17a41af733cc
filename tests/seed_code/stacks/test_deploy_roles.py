"""What the deploy repository's workflows, its stacks and the models may do, and what they may not."""

import pytest

SM = "arn:aws:sagemaker:eu-west-1:123456789012:"
BUCKET = "arn:aws:s3:::sp-p-abcdefghijkl-artifactbucket-1a2b3c"
ROLE = "arn:aws:iam::123456789012:role/sagemaker-projects/reviews/"
NEW = {"aws:RequestTag/sagemaker:project-name": "reviews"}
OURS = {"aws:ResourceTag/sagemaker:project-name": "reviews"}
THEIRS = {"aws:ResourceTag/sagemaker:project-name": "reviews-x"}
PACKAGE = f"{SM}model-package/reviews-models/7"
STAGES = ["staging", "production"]


def role_of(stage):
    return f"{stage.capitalize()}Role"


def stack(name):
    return f"arn:aws:cloudformation:eu-west-1:123456789012:stack/{name}-endpoint/1"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_reaches_itself_and_not_the_other(project, stage):
    (other,) = set(STAGES) - {stage}
    service = {"cloudformation:RoleArn": f"{ROLE}DeployServiceRole"}
    for name, allowed in ((stage, True), (other, False), (f"x-{stage}", False)):
        reached = {
            "cloudformation:CreateChangeSet": stack(f"reviews-{name}"),
            "cloudformation:ExecuteChangeSet": stack(f"reviews-{name}"),
            "cloudformation:DeleteStack": stack(f"reviews-{name}"),
            "sagemaker:InvokeEndpoint": f"{SM}endpoint/reviews-{name}",
            "sagemaker:DeleteEndpoint": f"{SM}endpoint/reviews-{name}",
            "s3:PutObject": f"{BUCKET}/deployments/{name}/x.json",
            "sagemaker:CreateTransformJob": f"{SM}transform-job/reviews-{name}-1",
        }
        for action, resource in reached.items():
            assert project.may(role_of(stage), action, resource, service | NEW) is allowed, (action, resource)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_asks_its_own_classification_api_and_no_other(project, stage):
    (other,) = set(STAGES) - {stage}
    account = "eu-west-1:123456789012"
    for name, allowed in ((stage, True), (other, False), (f"x-{stage}", False)):
        api = f"arn:aws:execute-api:{account}:abc123/reviews-{name}/POST/classify"
        function = f"arn:aws:lambda:{account}:function:reviews-{name}-api"
        assert project.may(role_of(stage), "execute-api:Invoke", api) is allowed
        for action in ("InvokeFunction", "InvokeFunctionUrl"):
            assert project.may(role_of(stage), f"lambda:{action}", function) is allowed
    for role in ("BuildPrRole", "BuildRunRole", "PipelineRole", "PullRequestRole", "EndpointRole"):
        api = f"arn:aws:execute-api:{account}:abc123/reviews-{stage}/POST/classify"
        assert not project.may(role, "execute-api:Invoke", api), role


def test_stacks_are_changed_as_the_service_role_only(project):
    context = {"cloudformation:RoleArn": f"{ROLE}PipelineRole"}
    assert not project.may(
        "ProductionRole", "cloudformation:CreateChangeSet", stack("reviews-production"), context
    )
    assert not project.may("ProductionRole", "cloudformation:CreateChangeSet", stack("reviews-production"))
    passed = {"iam:PassedToService": "cloudformation.amazonaws.com"}
    assert project.may("ProductionRole", "iam:PassRole", f"{ROLE}DeployServiceRole", passed)
    assert not project.may("ProductionRole", "iam:PassRole", f"{ROLE}EndpointRole", passed)


def test_production_reads_what_staging_verified(project):
    assert project.may("ProductionRole", "s3:GetObject", f"{BUCKET}/deployments/staging/x.json")
    assert project.may("ProductionRole", "s3:ListBucket", BUCKET)


@pytest.mark.parametrize("stage", STAGES)
def test_the_deploy_roles_touch_no_pipeline_and_register_nothing(project, stage):
    pipeline = f"{SM}pipeline/reviews-clothing-reviews"
    for verb in ("Create", "Update", "Delete"):
        assert not project.may(role_of(stage), f"sagemaker:{verb}Pipeline", pipeline, OURS | NEW), verb
    assert not project.may(role_of(stage), "sagemaker:StartPipelineExecution", pipeline, OURS)
    assert not project.may(
        role_of(stage), "sagemaker:CreateTrainingJob", f"{SM}training-job/pipelines-x", NEW
    )
    assert not project.may(role_of(stage), "sagemaker:CreateModelPackage", PACKAGE, OURS)


def test_each_stage_shows_itself_in_the_registry(project):
    def shows(role, stage, status):
        cycle = {"sagemaker:ModelLifeCycle:Stage": stage, "sagemaker:ModelLifeCycle:StageStatus": status}
        return project.may(role, "sagemaker:UpdateModelPackage", PACKAGE, OURS | cycle)

    assert shows("StagingRole", "Staging", "Live")
    assert shows("StagingRole", "Archived", "Replaced")
    assert not shows("StagingRole", "Production", "Live")
    assert shows("ProductionRole", "Production", "Live")


@pytest.mark.parametrize(
    "role",
    ["StagingRole", "ProductionRole", "BuildPrRole", "BuildRunRole", "PipelineRole", "DeployServiceRole"],
)
def test_no_role_of_the_project_approves_anything(project, role):
    for stage in ("Staging", "Production", "Archived"):
        cycle = {"sagemaker:ModelLifeCycle:Stage": stage, "sagemaker:ModelLifeCycle:StageStatus": "Approved"}
        assert not project.may(role, "sagemaker:UpdateModelPackage", PACKAGE, OURS | cycle), stage
    live = {"sagemaker:ModelLifeCycle:Stage": "Production", "sagemaker:ModelLifeCycle:StageStatus": "Live"}
    approval = {"sagemaker:ModelApprovalStatus": "Approved"}
    assert not project.may(role, "sagemaker:UpdateModelPackage", PACKAGE, OURS | approval)
    assert not project.may(role, "sagemaker:UpdateModelPackage", PACKAGE, OURS | live | approval)


@pytest.mark.parametrize("stage", STAGES)
def test_what_was_replaced_is_pruned_where_it_is_the_stages_own(project, stage):
    tags = OURS | {"aws:ResourceTag/sagemaker:deployment-stage": stage}
    config = f"{SM}endpoint-config/endpointconfig-abc"
    assert project.may(role_of(stage), "sagemaker:DeleteEndpointConfig", config, tags)
    for other in (THEIRS, tags | {"aws:ResourceTag/sagemaker:deployment-stage": "other"}, {}):
        assert not project.may(role_of(stage), "sagemaker:DeleteEndpointConfig", config, other)
    # Prune looks at whatever has such a name, and sees by its tags that it is somebody else's.
    assert project.may(role_of(stage), "sagemaker:ListTags", config, THEIRS)


def test_metrics_go_to_the_probes_namespace(project):
    assert project.may(
        "ProductionRole", "cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "ModelDeploy"}
    )
    assert not project.may(
        "ProductionRole", "cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "AWS/Billing"}
    )


def test_models_read_models_and_write_captures(project):
    assert project.may("EndpointRole", "s3:GetObject", f"{BUCKET}/models/x/model.tar.gz")
    assert project.may("EndpointRole", "s3:PutObject", f"{BUCKET}/datacapture/staging/x.jsonl")
    assert project.may("EndpointRole", "s3:PutObject", f"{BUCKET}/batch/staging/output/x/texts.jsonl.out")
    assert not project.may("EndpointRole", "s3:PutObject", f"{BUCKET}/models/x/model.tar.gz")
    assert not project.may("EndpointRole", "s3:GetObject", f"{BUCKET}/data/x.csv")


def test_the_service_role_makes_roles_for_apis_only_bounded_and_never_the_projects_own(project, publications):
    bounded = {"iam:PermissionsBoundary": publications.project.permissions_boundary_arn} | NEW
    api, own = f"{ROLE}endpoints/reviews-staging-endpoint-ApiRole-x", f"{ROLE}ProductionRole"
    assert project.may("DeployServiceRole", "iam:CreateRole", api, bounded)
    assert not project.may("DeployServiceRole", "iam:CreateRole", api)
    assert not project.may("DeployServiceRole", "iam:DeleteRolePermissionsBoundary", api, bounded)
    for action in ("CreateRole", "PutRolePolicy", "UpdateAssumeRolePolicy", "DeleteRole", "TagRole"):
        assert not project.may("DeployServiceRole", f"iam:{action}", own, bounded), action
        assert not project.may(
            "DeployServiceRole", f"iam:{action}", "arn:aws:iam::123456789012:role/admin", bounded
        )
    other = {"aws:RequestTag/sagemaker:project-name": "reviews-x"}
    assert not project.may("DeployServiceRole", "iam:TagRole", api, other)


def test_the_service_role_opens_a_function_to_the_world_only_in_projects_that_were_made_for_it(
    project, make_project
):
    open_ = make_project(PublicApi="yes")
    function = "arn:aws:lambda:eu-west-1:123456789012:function:reviews-staging-api"
    elsewhere = function.replace("staging-api", "other")
    for principal, allowed in (("apigateway.amazonaws.com", True), ("*", False)):
        asked = ("lambda:AddPermission", function, {"lambda:Principal": principal})
        assert project.may("DeployServiceRole", *asked) is allowed
        assert open_.may("DeployServiceRole", *asked)
    for kind, allowed in (("AWS_IAM", True), ("NONE", False)):
        context = {"lambda:FunctionUrlAuthType": kind}
        asked = ("lambda:CreateFunctionUrlConfig", function, context)
        assert project.may("DeployServiceRole", *asked) is allowed
        assert open_.may("DeployServiceRole", *asked)
        assert not open_.may("DeployServiceRole", "lambda:CreateFunctionUrlConfig", elsewhere, context)
    for stage in STAGES:
        assert not open_.may(role_of(stage), "lambda:AddPermission", function, {"lambda:Principal": "*"})


def test_the_service_role_makes_open_routes_only_in_projects_that_were_made_for_it(project, make_project):
    open_ = make_project(PublicApi="yes")
    routes = "arn:aws:apigateway:eu-west-1::/apis/a1b2c3/routes"
    for kind, allowed in (("AWS_IAM", True), ("JWT", True), ("NONE", False)):
        for action, resource in (("POST", routes), ("PATCH", f"{routes}/r1")):
            asked = (f"apigateway:{action}", resource, {"apigateway:Request/RouteAuthorizationType": kind})
            assert project.may("DeployServiceRole", *asked) is allowed, asked
            assert open_.may("DeployServiceRole", *asked), asked


def test_the_service_role_makes_models_of_the_projects_packages_only(project):
    assert project.may("DeployServiceRole", "sagemaker:CreateModel", PACKAGE, NEW)
    other = f"{SM}model-package/reviews-x-models/7"
    assert not project.may("DeployServiceRole", "sagemaker:CreateModel", other, NEW)


EC2 = "arn:aws:ec2:eu-west-1:123456789012:"


@pytest.mark.parametrize(
    ("named", "other"), [("", True), ("subnet-0aaaaaaa", False), ("subnet-0bbbbbbb,subnet-0aaaaaaa", False)]
)
def test_models_are_connected_to_the_subnets_that_the_project_names(make_project, named, other):
    made = make_project(EndpointSubnets=named)
    for subnet, allowed in (("subnet-0aaaaaaa", True), ("subnet-0ccccccc", other)):
        place = f"{EC2}subnet/{subnet}"
        create = "ec2:CreateNetworkInterface"
        assert made.may("EndpointRole", create, place, {"ec2:SubnetID": subnet}) is allowed
        interface = f"{EC2}network-interface/eni-1"
        assert made.may("EndpointRole", create, interface)
        assert made.may("EndpointRole", create, f"{EC2}security-group/sg-1")
        for action in ("ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"):
            assert made.may("EndpointRole", action, interface, {"ec2:Subnet": place}) is allowed, action
    for kind in ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs"):
        assert made.may("EndpointRole", f"ec2:Describe{kind}", "*")


def test_models_see_the_alarms_of_their_rollout(project):
    alarm = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:"
    for stage in STAGES:
        assert project.may("EndpointRole", "cloudwatch:DescribeAlarms", f"{alarm}reviews-{stage}-5xx")
    assert not project.may("EndpointRole", "cloudwatch:DescribeAlarms", f"{alarm}reviews-x-5xx")


def test_the_projects_key_is_granted_to_instances_alone(project):
    key = "arn:aws:kms:eu-west-1:123456789012:key/ArtifactKey"
    for_instances = {"kms:GrantIsForAWSResource": "true"}
    assert project.may("DeployServiceRole", "kms:CreateGrant", key, for_instances)
    assert not project.may("DeployServiceRole", "kms:CreateGrant", key)
    assert not project.may("DeployServiceRole", "kms:CreateGrant", f"{key}x", for_instances)


def test_the_service_role_leaves_other_projects_alone(project):
    model = f"{SM}model/model-abc"
    assert project.may("DeployServiceRole", "sagemaker:DeleteModel", model, OURS)
    assert not project.may("DeployServiceRole", "sagemaker:DeleteModel", model, THEIRS)
    assert not project.may("DeployServiceRole", "sagemaker:DeleteModel", model)
    assert not project.may("DeployServiceRole", "sagemaker:CreateModel", model)
    assert not project.may(
        "DeployServiceRole", "sagemaker:UpdateEndpoint", f"{SM}endpoint/reviews-x-staging", THEIRS
    )
    api = "arn:aws:apigateway:eu-west-1::/apis/abc"
    assert project.may("DeployServiceRole", "apigateway:DELETE", api, OURS)
    assert not project.may("DeployServiceRole", "apigateway:DELETE", api, THEIRS)
