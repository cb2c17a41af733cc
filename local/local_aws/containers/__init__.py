"""What runs in place of an image: a job's interpreter, its sandbox, its /opt/ml and its log."""
