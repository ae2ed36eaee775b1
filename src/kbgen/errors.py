"""What can go wrong, as classes: a slug for programs, an exit code for shells, a hint for people.

The layout follows pip's diagnostic errors; the exit codes are documented in the README.
"""

from __future__ import annotations


class KbgenError(Exception):
    """An expected failure with one clear message and, where there is one, the next step to take.

    `message` says what is wrong and where (``file:line`` when known); `hint` says what to do.
    """

    slug = "error"
    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class UsageError(KbgenError):
    """The command line asks for something that cannot be."""

    slug = "usage"


class ConfigError(KbgenError):
    """`kbgen.yaml` has unknown keys or values of the wrong type; every one is named at once."""

    slug = "config"


class RepositoryError(KbgenError):
    """The repository is not in a state that kbgen can read truthfully."""

    slug = "repository"


class NotARepositoryError(RepositoryError):
    slug = "not-a-repository"


class DistrustedRepositoryError(RepositoryError):
    """Git itself refuses the repository (another owner); its advice is passed on, never bypassed."""

    slug = "distrusted-repository"


class EmptyRepositoryError(RepositoryError):
    """No commit yet, or HEAD points at an unborn branch."""

    slug = "empty-repository"


class IncompleteHistoryError(RepositoryError):
    """Shallow or partial clone: history-based output would be silently short."""

    slug = "incomplete-history"


class UnknownRevisionError(RepositoryError):
    slug = "unknown-revision"


class UnknownStoryError(KbgenError):
    slug = "unknown-story"


class StoryFileError(KbgenError):
    """A story file cannot be read as text, or cannot be written where it is."""

    slug = "story-file"


class OutputError(KbgenError):
    """A path that may not be written: outside the outputs, a symlink out of the tree, read-only, a folder."""

    slug = "output"


class BlockError(KbgenError):
    """A managed block is malformed: duplicated, unclosed, nested, or its markers do not match."""

    slug = "managed-block"


class EditedBlockError(BlockError):
    """A managed block was changed by hand since kbgen wrote it."""

    slug = "edited-block"
    exit_code = 1


class TemplateError(KbgenError):
    slug = "template"


class GraphvizError(KbgenError):
    """Graphviz is missing, failed, or did not finish in time."""

    slug = "graphviz"


class MermaidError(KbgenError):
    """A drawing that Mermaid would not read: nothing of it is written."""

    slug = "mermaid"


class LockedError(KbgenError):
    """Another kbgen run holds the lock and did not finish in time."""

    slug = "locked"
