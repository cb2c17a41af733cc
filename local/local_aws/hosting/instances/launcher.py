"""Launches the processes of a variant from its artifact, which is unpacked once."""

from __future__ import annotations

import shutil
import threading
import uuid

from local_aws.hosting.deployments.plan import Variant
from local_aws.hosting.instances import artifact, server_command
from local_aws.hosting.instances.instance import Instance, Launch
from local_aws.kernel.account import Account
from local_aws.kernel.job_log import JobLog

SHORTEST_STARTUP_SECONDS = 10.0
"""Starting a process is work: LOCAL_AWS_TIME_SCALE shrinks the limit for it no further."""

SHORTEST_STARTUP_WITH_TORCH = 120.0
"""The same where a framework has to be imported."""


class Launcher:
    """Starts instances of one variant of one deployment. The artifact goes with `close`."""

    def __init__(self, account: Account, endpoint: str, variant: Variant) -> None:
        self.variant = variant
        self._account = account
        self._endpoint = endpoint
        self._folder = account.state / "endpoints" / endpoint / uuid.uuid4().hex
        self._launch: Launch | None = None
        self._lock = threading.Lock()

    def start(self) -> Instance:
        """An instance that begins to start. Raises LaunchError where the artifact cannot be had."""
        launch = self._prepare_launch()
        name = f"i-{uuid.uuid4().hex[:17]}"
        group = f"/aws/sagemaker/Endpoints/{self._endpoint}"
        logs = self._account.client_of_role(self.variant.container.role_arn, "logs")
        log = JobLog(logs, group, f"{self.variant.name}/{name}", self._account.client("logs"))
        return Instance(name, launch, log)

    def close(self) -> None:
        """Remove the unpacked artifact."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _prepare_launch(self) -> Launch:
        with self._lock:
            if self._launch is None:
                container = self.variant.container
                shortest = (
                    SHORTEST_STARTUP_WITH_TORCH
                    if server_command.imports_torch(container.image, container.environment)
                    else SHORTEST_STARTUP_SECONDS
                )
                self._launch = Launch(
                    variant=self.variant.name,
                    server=server_command.command(container.image, container.environment, self._folder),
                    model=artifact.unpack(self._account, container, self._folder),
                    environment=container.environment,
                    startup_seconds=max(self.variant.startup_seconds * self._account.time_scale, shortest),
                )
            return self._launch
