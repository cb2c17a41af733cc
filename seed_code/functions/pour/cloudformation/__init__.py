"""CloudFormation's side of the custom resources: requests, answers, their deadline, and the stacks of a project."""
