"""CloudWatch metrics and alarms. moto stores alarms but never evaluates them, and its data is too coarse for that:

it cuts times to whole seconds, begins periods at the first value instead of at the clock's, has neither percentiles nor
metric math, and starts an alarm as OK. So the whole service is embedded.
"""

from __future__ import annotations

from local_aws.cloudwatch.alarms import Alarms
from local_aws.cloudwatch.dashboards import Dashboards
from local_aws.cloudwatch.evaluator import Evaluator
from local_aws.cloudwatch.metrics import Metrics
from local_aws.cloudwatch.series import MetricStore
from local_aws.cloudwatch.tags import Tags
from local_aws.kernel.account import Account


def handlers(account: Account) -> list[object]:
    """The handlers of CloudWatch; the evaluator among them has no operation, but a thread to close."""
    store = MetricStore()
    tags = Tags()
    alarms = Alarms(account, tags)
    return [Metrics(store), alarms, Dashboards(account, tags), tags, Evaluator(account, alarms, store)]
