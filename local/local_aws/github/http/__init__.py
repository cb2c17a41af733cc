"""The HTTP side of the embedded GitHub: REST API, smart HTTP, web pages, rate limits, faults."""
