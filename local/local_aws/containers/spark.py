"""The program of SageMaker's Spark image: `smspark-submit SCRIPT ARGUMENT...`, here Spark in local mode.

On SageMaker it makes a YARN cluster of the job's instances and submits the script to it. Here one process has all cores of
this machine, whatever the number of instances. Source: github.com/aws/sagemaker-spark-container.
"""

from __future__ import annotations

import shutil
from importlib.metadata import distribution
from pathlib import Path

_SUBMIT = """#!/bin/sh
export SPARK_HOME="{spark}" SPARK_LOCAL_IP=127.0.0.1 PYSPARK_PYTHON="{python}" PYSPARK_DRIVER_PYTHON="{python}"
exec "$SPARK_HOME/bin/spark-submit" --master "local[*]" "$@"
"""


def install(programs: Path) -> Path:
    """Write `smspark-submit` into the folder of a job's programs. Returns the folder of this machine's Java.

    The image was found, so there are pyspark and Java.
    """
    spark = Path(str(distribution("pyspark").locate_file("pyspark")))
    submit = programs / "smspark-submit"
    submit.write_text(_SUBMIT.format(spark=spark, python=programs / "python3"), encoding="utf-8")
    submit.chmod(0o755)
    java = shutil.which("java")
    assert java is not None
    return Path(java).resolve().parent
