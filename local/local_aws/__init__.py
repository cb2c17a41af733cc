"""An embedded AWS: SageMaker pipelines that really run, on loopback, without an account or a container engine."""
