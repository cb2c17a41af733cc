"""The kernel that all services use: the account, the wire, sessions and callers, job logs, faults, paging.

Nothing here imports a service.
"""
