"""API Gateway's HTTP APIs, in front of functions. They answer below a path of the server's own port.

Signatures of AWS_IAM and of JSON web tokens are asked for and read, but not checked. Permissions of functions are
checked. There is no CORS, no deployment but the automatic one, and no integration but functions.
"""

from __future__ import annotations

from collections.abc import Iterable

from local_aws.http_api.apis import Apis
from local_aws.http_api.authorizers import Authorizers
from local_aws.http_api.gateway import Gateway
from local_aws.http_api.integrations import Integrations
from local_aws.http_api.routes import Routes
from local_aws.http_api.stages import Stages
from local_aws.http_api.store import Store
from local_aws.http_api.tags import Tags
from local_aws.kernel.account import Account
from local_aws.lambda_.invocation.invoker import Invoker


def handlers(account: Account, functions: Iterable[object]) -> list[object]:
    """The handlers of apigatewayv2, and the gateway. `functions` are Lambda's handlers: APIs call functions in place."""
    store = Store(account)
    invoker = next(handler for handler in functions if isinstance(handler, Invoker))
    return [
        Apis(store),
        Routes(store),
        Integrations(store),
        Authorizers(store),
        Stages(store),
        Tags(store),
        Gateway(store, invoker),
    ]
