"""The replacement of containers: a job's interpreter, its sandbox, its /opt/ml and its log."""
