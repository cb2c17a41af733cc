"""Access logs: a line for each request, in the format that the stage states."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

from local_aws.kernel.account import Account
from local_aws.kernel.job_log import JobLog

_VARIABLE = re.compile(r"\$context\.([a-zA-Z]+(\.[a-zA-Z]+)*)")
_GROUP = re.compile(r".*:log-group:(?P<name>[^:]+)(:\*)?")


class AccessLogs:
    """The log streams of all stages that have a log."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._logs: dict[tuple[str, str], JobLog] = {}

    def write(self, api: str, stage: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Log a request. `values` are those of the $context variables; one that is not there is `-`."""
        settings = stage.get("AccessLogSettings")
        match = _GROUP.fullmatch(settings["DestinationArn"]) if settings else None
        if settings is None or match is None:
            return
        line = _VARIABLE.sub(lambda found: str(values.get(found[1], "-")), settings["Format"])
        with self._lock:
            key = (match["name"], f"{api}-{stage['StageName'].strip('$')}")
            if key not in self._logs:
                self._logs[key] = JobLog(self._account.client("logs"), *key)
            self._logs[key].write(line)

    def close(self) -> None:
        """Write the remaining lines."""
        with self._lock:
            for log in self._logs.values():
                log.close()
            self._logs.clear()
