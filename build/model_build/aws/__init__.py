"""The calls to AWS: clients, pipelines and executions, the champion, code, data, wheels, logs."""
