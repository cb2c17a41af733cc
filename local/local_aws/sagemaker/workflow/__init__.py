"""The execution of pipelines, below the API's operations.

A definition (`definition`) is parsed once, when its pipeline is created: its expressions (`expressions`), conditions
(`conditions`), parameters (`parameters`), retry policies (`retries`) and cache settings (`cache`) become frozen
dataclasses, and `validation` and `graph` refuse what could never run. An execution (`execution`) is the record of one
run, kept in its pipeline's `history` and read by the API's operations. `runner` writes it: it starts every step whose
dependencies are done, each in a thread of its own; `steps` does a step's work, making `resources` with a SageMaker
client as anyone would, after giving the expressions in its arguments their values (`scope`).
"""
