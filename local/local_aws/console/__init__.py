"""The page of `local-aws up`: projects, pipelines, the registry, stages and repositories, in a browser.

It is a client like any other: it asks the embedded AWS through boto3 and the embedded GitHub through its REST API, as the
developer, and knows nothing of what is behind them. What AWS refuses is refused here, in AWS's words.

    gateway    a request, from its address to its answer; the stream of changes
    views      what each page shows: plain records, made from what AWS and GitHub answer
    graph      where a pipeline's steps are drawn
    templates  how it is shown
"""

from local_aws.console.clients import Aws, GitHub, Renewed
from local_aws.console.gateway import Console

__all__ = ["Aws", "Console", "GitHub", "Renewed"]
