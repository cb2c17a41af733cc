"""The pure part of model-deploy: a stage as data, and the decisions about it. No module here calls AWS.

`model_package` describes a model, `checks` the cases that it must pass. `archive` is the API's code for it. `plan` has the
wanted and the observed state of a stage and the next step. `promotion` decides whether a package may go to a stage, and
`record` describes a deployment that is done.
"""
