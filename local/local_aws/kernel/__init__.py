"""What every service stands on: the account, the wire, sessions and callers, job logs, faults, paging.

Nothing here imports a service.
"""
