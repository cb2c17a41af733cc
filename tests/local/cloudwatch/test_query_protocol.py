"""CloudWatch for clients that speak the Query protocol: boto3 before 1.41, and AWS's older SDKs."""

import re
from urllib.parse import urlencode

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from local_aws.kernel.account import isolated_session

FORM = "application/x-www-form-urlencoded; charset=utf-8"


def ask(aws, **form):
    """Send a form as those clients do, signed by the administrator."""
    body = urlencode({"Version": "2010-08-01", **form})
    request = AWSRequest("POST", f"{aws.server.endpoint_url}/", {"Content-Type": FORM}, body)
    credentials = isolated_session(
        aws.region, aws.server.account.clients.keys.administrator
    ).get_credentials()
    SigV4Auth(credentials, "monitoring", aws.region).add_auth(request)
    return requests.post(request.url, data=body, headers=dict(request.headers), timeout=10)


def text(answer, name):
    return re.findall(f"<{name}>(.*?)</{name}>", answer.text)


def test_what_is_put_as_a_form_is_listed_and_summed_up(aws):
    namespace = f"Query/{aws.bucket}"
    put = ask(
        aws,
        Action="PutMetricData",
        Namespace=namespace,
        **{
            "MetricData.member.1.MetricName": "m",
            "MetricData.member.1.Value": "2.5",
            "MetricData.member.1.Dimensions.member.1.Name": "d",
            "MetricData.member.1.Dimensions.member.1.Value": "v",
        },
    )
    assert put.status_code == 200, put.text
    listed = ask(aws, Action="ListMetrics", Namespace=namespace)
    assert listed.headers["Content-Type"].startswith("text/xml")
    assert text(listed, "MetricName") == ["m"]
    assert text(listed, "Value") == ["v"]


def test_an_error_is_xml_with_the_code_of_the_query_protocol(aws):
    refused = ask(
        aws,
        Action="GetMetricStatistics",
        Namespace="n",
        MetricName="m",
        StartTime="2026-11-29T01:00:00Z",
        EndTime="2026-11-29T00:00:00Z",
        Period="60",
        **{"Statistics.member.1": "Sum"},
    )
    assert refused.status_code == 400
    assert text(refused, "Code") == ["InvalidParameterValue"]


def test_an_alarm_put_as_a_form_is_described(aws):
    form = {
        "Action": "PutMetricAlarm",
        "AlarmName": f"{aws.bucket}-query",
        "Namespace": "n",
        "MetricName": "m",
        "Statistic": "Sum",
        "Period": "60",
        "EvaluationPeriods": "1",
        "Threshold": "1.0",
        "ComparisonOperator": "GreaterThanThreshold",
        "ActionsEnabled": "false",
    }
    assert ask(aws, **form).status_code == 200
    found = ask(aws, Action="DescribeAlarms", **{"AlarmNames.member.1": form["AlarmName"]})
    assert text(found, "AlarmName") == [form["AlarmName"]]
    assert text(found, "ActionsEnabled") == ["false"]


def test_an_operation_that_there_is_none_of_is_refused_in_xml(aws):
    refused = ask(aws, Action="ListDashboardz")
    assert refused.status_code == 400
    assert "<Code>" in refused.text
