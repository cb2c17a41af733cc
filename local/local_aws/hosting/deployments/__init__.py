"""Deployments of an endpoint: the plan, the moves of traffic, and the alarms that are watched."""
