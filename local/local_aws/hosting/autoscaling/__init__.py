"""Autoscaling of endpoint variants, and the part of Application Auto Scaling that it needs."""
