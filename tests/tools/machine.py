"""A machine on which somebody works: `local-aws up` with several projects, and commands in shells that are set up for them."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from people import TEMPLATE

from local_aws.kernel.account import Clients

SCRIPTS = Path(sys.executable).parent


class Machine:
    """A running `local-aws up` with the named projects, and commands in them."""

    def __init__(self, folder, projects):
        named = [part for name in projects for part in ("--project", name)]
        self.process = subprocess.Popen(
            [SCRIPTS / "local-aws", "up", "--port", "0", *named],
            env=os.environ | {"TMPDIR": str(folder)},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = []
        for line in self.process.stderr:
            self.said.append(line)
            if "GitHub's API" in line:  # the last line
                break
        self.url = re.search(r"serves at (http://\S+)", "".join(self.said))[1]
        self.clients = Clients.of_running(self.url)
        self.shells = {name: self._shell(name) for name in projects}

    def _shell(self, project):
        """The variables of a shell that was set up for a project."""
        script = f'eval "$({SCRIPTS}/local-aws env --attach {self.url} --project {project})" && env -0'
        said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout
        return dict(each.split("=", 1) for each in said.split("\0") if each)

    def run(self, project, name, *arguments, code=0, root):
        """What a command prints with --json, in a project's shell. `root`: a folder, or its name in the template."""
        done = subprocess.run(
            [SCRIPTS / name, *arguments, "--root", TEMPLATE / root, "--json"],
            env=self.shells[project],
            capture_output=True,
            text=True,
            timeout=3000,
            check=False,
        )
        assert (
            done.returncode == code
        ), f"{project} {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout else done.stderr

    def build(self, project, *arguments, code=0):
        return self.run(project, "model-build", *arguments, root="build", code=code)

    def deploy(self, project, *arguments, code=0, root="deploy"):
        return self.run(project, "model-deploy", *arguments, root=root, code=code)

    def approve(self, arn):
        self.clients.client("sagemaker").update_model_package(
            ModelPackageArn=arn, ModelApprovalStatus="Approved"
        )
        return arn

    def register_again(self, arn, group):
        """The same model as the next version of a group."""
        sagemaker = self.clients.client("sagemaker")
        found = sagemaker.describe_model_package(ModelPackageName=arn)
        again = {key: found[key] for key in ("InferenceSpecification", "CustomerMetadataProperties")}
        made = sagemaker.create_model_package(
            ModelPackageGroupName=group, ModelApprovalStatus="Approved", **again
        )
        return made["ModelPackageArn"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.stderr.close()
        self.process.wait(timeout=60)
