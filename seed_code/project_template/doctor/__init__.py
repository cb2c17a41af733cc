"""Checks of a publication, an account, an organisation or a project: a module per part, a function per check.

A check takes what was looked up and returns findings; those that look things up by themselves only describe. Nothing here
changes anything.
"""
