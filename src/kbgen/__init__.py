"""kbgen turns a repository's git history and code into its knowledge base, and keeps it true."""

__version__ = "0.1.0"
