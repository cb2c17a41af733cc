import gc

# A process that has botocore's models in it is searched for garbage at great length, and has little.
gc.set_threshold(100_000, 50, 100)

pytest_plugins = ["local_aws.testing", "openapi"]
