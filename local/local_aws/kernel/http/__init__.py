"""The HTTP side of the server: connections, bodies, the guard of its origin, the lock of all requests, error responses."""
