"""The pure part of model-deploy: a stage as data, and the decisions about it. No module here calls AWS.

`arn`, `package`, `contract` and `checks` describe a model. `deployment`, `archive` and `target` describe the wanted
state of a stage, `observed` its present state. `promotion` decides whether a package may go to a stage, and
`next_step` what to do next.
"""
