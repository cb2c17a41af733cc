"""A model package: its ARN, its artifact, and its serving contract with the code that turns texts into tokens."""
