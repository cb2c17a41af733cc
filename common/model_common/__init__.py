"""Code that the commands of build, deploy and the template share.

It imports none of them; the pour copies it to each.
"""
