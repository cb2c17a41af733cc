"""Identities of the embedded AWS, the actions of their requests, and the decisions of IAM policies.

Each role session has an access key of its own (sessions), so that a request tells its caller (caller). Every request is
recognised (asked), taken apart into the IAM actions that it takes on which resources (requirements, resources,
condition_keys), recorded (calls), and refused where the server enforces policies (gate). `permissions.audit` holds the
record against roles' policies (policy, conditions); `sts` hands out sessions by trust policies (trust, web_identity).
"""
