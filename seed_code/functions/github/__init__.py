"""A client of GitHub's REST API that needs nothing but the standard library, and its two ways to sign in."""

from github.client import Client, Transport, segment
from github.clock import Clock, Deadline
from github.http import HttpSender, Request, Response
from github.secret import Secret
from github.sign_in import Access, AppSignIn, SignIn, TokenSignIn

__all__ = [
    "Access",
    "AppSignIn",
    "Client",
    "Clock",
    "Deadline",
    "HttpSender",
    "Request",
    "Response",
    "Secret",
    "SignIn",
    "TokenSignIn",
    "Transport",
    "segment",
]
