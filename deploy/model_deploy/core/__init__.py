"""What is known of a stage and what follows from it. Pure: nothing here calls AWS, or imports what does.

`arn`, `package`, `contract` and `checks` describe a model; `deployment`, `archive` and `target` what a stage is to be;
`observed` what it is; `promotion` says whether the package may go there, and `next_step` what to do about it.
"""
