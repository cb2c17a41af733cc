"""Everything that `pour` can say no with; CloudFormation shows the message as the resource's reason.

    PourError
    ├── PropertyError         a property of the custom resource is missing or malformed
    ├── SeedError             the seed archive is not there, or is none
    ├── RepositoryTakenError  a repository of that name exists, and is not this project's to use
    ├── OwnerError            the owner does not exist, or no repository can be created there
    ├── ProtectionError       GitHub does not protect what it was asked to protect
    ├── ProposalError         the seed cannot be proposed by a pull request
    └── StacksLiveError       endpoints of the project are still deployed

Failures of GitHub itself are in github.errors.
"""

from __future__ import annotations


class PourError(Exception):
    """The root of the tree; its text is the whole message."""


class PropertyError(PourError):
    """A property is missing or malformed: which, what was found, what is allowed."""


class SeedError(PourError):
    """The seed archive cannot be had, or cannot be used."""


class RepositoryTakenError(PourError):
    """The name is taken by a repository that this stack did not make."""


class OwnerError(PourError):
    """No repository can be created for that owner."""


class ProtectionError(PourError):
    """A protection is not in force after it was set."""


class ProposalError(PourError):
    """The repository's present seed is unknown, so no pull request can be made."""


class StacksLiveError(PourError):
    """Endpoint stacks of the project live."""
