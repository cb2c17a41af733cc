"""A server that is not complete yet: its port is open before its services are made."""

import subprocess
import sys

EARLY = """
import threading, time
from local_aws import server

class Late(server.GitHub):
    def __init__(self, folder, url):
        asked.append(threading.Thread(target=ask, args=(url,)))
        asked[0].start()
        time.sleep(0.5)
        super().__init__(folder, url)

def ask(url):
    clients = server.Clients(url, server.REGION, keys)
    print(clients.client("sagemaker").list_projects()["ProjectSummaryList"])

asked, keys, server.GitHub = [], server.Keys(), Late
with server.Server(keys=keys):
    asked[0].join()
"""


def test_a_request_that_comes_early_waits_for_the_service_and_is_not_answered_by_another():
    done = subprocess.run([sys.executable, "-c", EARLY], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
