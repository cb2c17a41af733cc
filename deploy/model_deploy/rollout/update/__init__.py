"""One update of an endpoint, from the alarms before it to its end: what is waited for, published, probed and watched."""
