pytest_plugins = ["local_aws.testing", "openapi"]
