"""Serve what a state folder holds, at any free port, until stdin ends: python served.py DIR."""

import json
import sys
from contextlib import closing
from pathlib import Path

from local_aws.developer import granted_project
from local_aws.persistence.folder import StateFolder
from local_aws.persistence.saver import serving

with closing(StateFolder(Path(sys.argv[1]), None)) as folder:
    # A port that is bound at once is nobody else's; what the state says of its own port is another test's.
    folder.port = 0
    with serving(folder) as server:
        project = granted_project(server.account.clients)
        if not server.github.has_account("acme"):
            server.github.add_user("ada", "token-of-ada")
            server.github.add_organization("acme", owners=["ada"])
            server.github.add_repository("acme/shop", files={"README.md": b"the shop"})
        about = {"url": server.endpoint_url, "git": server.github.git_url, "role": project.pipeline_role_arn}
        sys.stdout.write(json.dumps(about) + "\n")
        sys.stdout.flush()
        sys.stdin.read()
