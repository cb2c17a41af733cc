"""Whether a model does what it should: its contract, what it is asked, what it answers, and the verdict."""
