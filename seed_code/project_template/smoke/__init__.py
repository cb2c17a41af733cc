"""`project-template smoke`: the whole life of a project in an account, once, and a report of what AWS answered.

`plan` says what is made and what it costs at most, `steps` do it, `probes` look at what nobody could look at without an
account, `cleaning` takes everything away, `report` writes down what happened without what is secret. `run` is all of it.
"""
