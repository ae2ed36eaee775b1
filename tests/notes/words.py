"""A small story and the commits around it, for tests of what people wrote."""

from __future__ import annotations

from kbgen.model import Change, Commit, Link, Person, Role, Section, Story, StoryDocument, StoryKey

KEY = StoryKey("AB", (1, 2))
ANN = Person("Ann", "ann@example.org")


def story(*sections: Section) -> Story:
    document = StoryDocument(KEY, "AB-1.2", "Relay", "docs/ab-1-2.md", "b" * 40, 1, "file", sections=sections)
    return Story(KEY, "AB-1.2", "Relay", "done", "", "AB-1", document.path, (), (), (), (), (document,))


def link(message: str, role: Role = "implements", sha: str = "a" * 40, paths: tuple[str, ...] = ()) -> Link:
    changes = tuple(Change("M", path) for path in paths)
    return Link(Commit(sha, ("0" * 40,), ANN, 0, 0, ANN, 0, message, changes), role, True, 1.0, ())
