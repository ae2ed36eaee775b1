"""A story's commits with roles, scores and reasons.

Explicit links rest on a name or on the story's own file in the diff. Inferred ones rest on planned files, the
pull request and words; they never outrank a commit's own words: a commit that says it works on another story is not
taken from it. The thresholds are stated beside the rules that use them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kbgen.links.naming import Names
from kbgen.links.words import score_title
from kbgen.model import Change, Commit, FileKind, Link, PullRequest, Role, Story, StoryKey
from kbgen.ports import History
from kbgen.stories import classify_document, is_planning

PathKind = Callable[[str], FileKind]

# Share of a commit's own sources that must be files this story plans to create, for an inferred link.
_PLANNED_SHARE = 0.5
# The same where nothing else supports the link: no other work of the story in the pull request, not the whole plan.
_PLANNED_SHARE_ALONE = 0.75
# Types of commits that keep a project going and rarely are a story's work.
_UPKEEP = frozenset({"docs", "chore", "build", "ci"})
# Commits that touch more story files than this move or reformat them; they implement none of them.
_BULK_STORY_FILES = 3
# Weighted share of the title's words that a subject must say: where nothing else names the story, and where the
# body does.
_TITLE_SCORE = 0.75
_TITLE_SCORE_NAMED = 0.4


@dataclass(frozen=True, slots=True)
class Work:
    """The files of one commit that can be work on a story: no planning documents, no tool artefacts."""

    changes: tuple[Change, ...]
    code: frozenset[str]
    """Paths of source and test files, under their new names."""
    created: frozenset[str]

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(c.path for c in self.changes)


def find_work(commit: Commit, kind_of: PathKind) -> Work:
    """Split off what is planning or noise from what a commit changed."""
    changes = tuple(c for c in commit.changes if not is_planning(c.path) and kind_of(c.path) != "noise")
    code = frozenset(c.path for c in changes if kind_of(c.path) in ("source", "test"))
    created = frozenset(c.path for c in changes if c.status in "AC")
    return Work(changes, code, created)


class Linker:
    """Links one story after another over one history; what it reads for one serves the next."""

    def __init__(self, names: Names, history: History, kind_of: PathKind, *, infer_follow_ups: bool = True) -> None:
        self._infer_follow_ups = infer_follow_ups
        self._names = names
        self._history = history
        self._kind_of = kind_of
        self._works: dict[str, Work] = {}
        self._carried: dict[str, frozenset[tuple[StoryKey, str]]] = {}
        self._planned_by: dict[str, list[Story]] | None = None

    def link_story(self, story: Story, comment_paths: Iterable[str] = ()) -> tuple[Link, ...]:
        """Every commit joined to `story`, oldest first, one link a commit.

        `comment_paths` are files whose code comments name the story at the revision read.
        """
        candidates = self._find_candidates(story)
        links: dict[str, Link] = {}
        for commit in candidates:
            if not commit.is_merge:
                self._keep(links, self._link_explicit(story, commit, links))
        self._link_planned(story, candidates, links)
        self._link_titled(story, candidates, links)
        if not _implementing(links):
            self._link_commented(story, comment_paths, links)
        if self._infer_follow_ups:
            self._link_follow_ups(story, links)
        self._link_copies_and_reverts(story, candidates, links)
        self._link_merges(story, candidates, links)
        order = {c.sha: n for n, c in enumerate(self._history.get_commits(links))}
        return tuple(sorted(links.values(), key=lambda link: order[link.commit.sha]))

    @property
    def names(self) -> Names:
        """What the linker has read of the messages."""
        return self._names

    def find_shared_plan(self, story: Story, links: Iterable[Link]) -> frozenset[str]:
        """Paths planned by other stories that the implementing commits claim too (a squash, a range)."""
        found: set[str] = set()
        for link in links:
            if link.role == "implements":
                for key, _ in self._names.get_naming(link.commit).claimed:
                    for other in self._resolve_one(key, link.commit):
                        if other != story:
                            found.update(p.path for p in (*other.planned, *other.wider_plan))
        return frozenset(found)

    # ------------------------------------------------------------------------------------ candidates

    def _find_candidates(self, story: Story) -> tuple[Commit, ...]:
        """Commits that name the story, touch its file or planned files, and their pull requests' other commits."""
        naming = self._history.find_mentioning(story.key)
        seen = {c.sha for c in naming}
        # A merge that names the story's branch brought its commits in; its other parents' requests are its own.
        seen.update(parent for c in naming for parent in c.parents[1:])
        own = [d.path for d in story.documents if d.kind == "file"]
        seen.update(c.sha for c in self._history.find_touching(own))
        seen.update(c.sha for c in self._history.find_touching([p.path for p in story.planned if p.intent == "create"]))
        requests: dict[str, PullRequest] = {}
        for sha in sorted(seen):
            for request in self._names.get_pull_requests(sha):
                requests[request.merge] = request
        for request in requests.values():
            # A merge that swallowed a whole release is no neighbourhood.
            if len(request.commits) <= 200:
                seen.update(request.commits)
            seen.add(request.merge)
        return self._history.get_commits(seen)

    def _work(self, commit: Commit) -> Work:
        if commit.sha not in self._works:
            self._works[commit.sha] = find_work(commit, self._kind_of)
        return self._works[commit.sha]

    @staticmethod
    def _keep(links: dict[str, Link], link: Link | None) -> None:
        if link is not None:
            links.setdefault(link.commit.sha, link)

    # -------------------------------------------------------------------------------------- explicit

    def _link_explicit(self, story: Story, commit: Commit, links: Mapping[str, Link]) -> Link | None:
        message, naming, work = self._names.get_message(commit), self._names.get_naming(commit), self._work(commit)
        claims, rivals, unsure = self._read_claims(story, commit)
        mention = next((w for k, w in naming.mentioned if story in self._resolve_one(k, commit)), "")
        own_files = self._own_file_changes(story, commit)
        began = bool(_implementing(links))

        if claims and message.undoes:
            return Link(commit, "reverts", True, 1.0, (claims, "it says that it reverts"))
        if claims:
            if not work.changes:
                others = self._other_documents(story, commit)
                if message.type in ("feat", "fix") and others:
                    return Link(
                        commit, "implements", True, 1.0, (claims, f"its work is on documents: {_name_paths(others)}")
                    )
                return Link(commit, "mentions", True, 1.0, (claims, _say_no_work(commit)))
            if (
                self._only_documents(work)
                and (message.keeps_books or message.type == "chore")
                and not self._plans_any(story, work)
            ):
                return Link(commit, "mentions", True, 1.0, (claims, "it changes documents about the work only"))
            if began and message.follows_up:
                return Link(commit, "follow-up", True, 1.0, (claims, "it mends work that an earlier commit began"))
            return Link(commit, "implements", True, 1.0, (claims,))
        if unsure:
            return Link(commit, "mentions", True, 1.0, (unsure,))
        if (
            own_files
            and not rivals
            and work.changes
            and len(self._names.find_stories_in_diff(commit)) <= _BULK_STORY_FILES
        ):
            link = self._link_by_own_file(story, commit, own_files, began, links)
            if link is not None:
                return link
        branch = self._read_branch(story, commit) if not rivals and work.code and not message.keeps_books else ""
        if branch:
            mends = began and message.follows_up
            return Link(commit, "follow-up" if mends else "implements", True, 1.0, (branch,))
        if mention and not rivals and work.code and not message.keeps_books:
            why = self._support_mention(story, commit, links)
            if why:
                mends = began and message.follows_up
                role: Role = "follow-up" if mends else "implements"
                return Link(commit, role, True, 1.0, (mention, why))
        if mention:
            why = "it says that it works on another story" if rivals else "it changes none of the story's files"
            return Link(commit, "mentions", True, 1.0, (mention, why))
        if own_files and not work.changes:
            return Link(
                commit, "mentions", True, 1.0, (f"it changes the story's file {own_files[0].path} and no code",)
            )
        return None

    def _link_by_own_file(
        self, story: Story, commit: Commit, own_files: tuple[Change, ...], began: bool, links: Mapping[str, Link]
    ) -> Link | None:
        message, work = self._names.get_message(commit), self._work(commit)
        added = next((c for c in own_files if c.status == "A"), None)
        fits = (
            not self._only_documents(work)
            or self._plans_any(story, work)
            or score_title(story, message.subject, self._names.book.stories) >= _TITLE_SCORE_NAMED
        )
        if added is not None and not message.is_about_review and fits:
            return Link(
                commit, "implements", True, 1.0, (f"it adds the story's file {added.path} together with the work",)
            )
        if added is not None or message.keeps_books:
            return None
        own = self._created(links) | self._planned_creates(story)
        # A chore that edits a story's file among others may be about anything; one that makes a planned file is not.
        upkeep = message.type in _UPKEEP and not message.is_about_review
        overlap = sorted((work.created if upkeep else work.code) & own)
        updates = f"it updates the story's file {own_files[0].path}"
        if overlap:
            role: Role = "follow-up" if began and message.follows_up else "implements"
            return Link(commit, role, True, 1.0, (updates, f"it changes files of the story: {_name_paths(overlap)}"))
        named = any(story in self._resolve_one(key, commit) for key, _ in self._names.get_naming(commit).mentioned)
        if message.is_feature and work.code and not named and len(self._names.find_stories_in_diff(commit)) == 1:
            return Link(commit, "implements", True, 1.0, (updates, "it is a feature and touches no other story's file"))
        return None

    def _read_claims(self, story: Story, commit: Commit) -> tuple[str, bool, str]:
        """(why the commit claims this story or "", whether it claims others, why a claim stays unresolved or "")."""
        why, rivals, unsure = "", False, ""
        for key, words in self._names.get_naming(commit).claimed:
            found = self._names.resolve(key, commit)
            if len(found) > 1:
                if story in found:
                    unsure = f"{words}, which {len(found)} stories share; nothing in the commit decides"
            elif found and found[0] == story:
                why = why or words
            else:
                rivals = True
        return why, rivals, unsure

    def _support_mention(self, story: Story, commit: Commit, links: Mapping[str, Link]) -> str:
        """What makes a mention in the body the story's work: its files, or its title where no other story is named."""
        naming, message = self._names.get_naming(commit), self._names.get_message(commit)
        overlap = sorted(self._work(commit).code & (self._created(links) | self._planned_creates(story)))
        if overlap:
            return f"it changes files of the story: {_name_paths(overlap)}"
        others = {k for k, _ in naming.mentioned if story not in self._names.resolve(k, commit)}
        if not others and score_title(story, message.subject, self._names.book.stories) >= _TITLE_SCORE_NAMED:
            return f"its subject says the story's title: {story.title}"
        return ""

    def _read_branch(self, story: Story, commit: Commit) -> str:
        """Why the branch that brought the commit in says it is this story's work: it names this story and no other."""
        for request in self._names.get_pull_requests(commit.sha)[:1]:
            named = self._names.read_branch(request.branch)
            if len(named) != 1 or self._resolve_one(named[0], commit) != (story,):
                continue
            # A branch that carried more is named for its first story.
            if self._list_carried(request) <= {(story.key, story.module)}:
                return f"its branch names it: {request.branch}"
        return ""

    def _list_carried(self, request: PullRequest) -> frozenset[tuple[StoryKey, str]]:
        """Key and module of the stories that the request's commits claim, or whose files they add."""
        if request.merge not in self._carried:
            carried: set[tuple[StoryKey, str]] = set()
            for commit in self._history.get_commits(request.commits):
                for key, _ in self._names.get_naming(commit).claimed:
                    carried.update((s.key, s.module) for s in self._names.resolve(key, commit))
                for change in commit.changes:
                    if change.status == "A":
                        carried.update((s.key, s.module) for s in self._names.find_story_of_path(change.path))
            self._carried[request.merge] = frozenset(carried)
        return self._carried[request.merge]

    def _resolve_one(self, key: StoryKey, commit: Commit) -> tuple[Story, ...]:
        found = self._names.resolve(key, commit)
        return found if len(found) == 1 else ()

    def _own_file_changes(self, story: Story, commit: Commit) -> tuple[Change, ...]:
        in_diff = self._names.find_stories_in_diff(commit)
        paths = {d.path for d in story.documents if d.kind == "file"}
        own = [c for c in commit.changes if c.path in in_diff and any(s == story for s in in_diff[c.path])]
        return tuple(sorted(own, key=lambda c: (c.path not in paths, c.path.endswith(".xml"), c.path)))

    def _only_documents(self, work: Work) -> bool:
        return all(self._kind_of(c.path) == "docs" for c in work.changes)

    def _plans_any(self, story: Story, work: Work) -> bool:
        return bool(work.paths & {p.path for p in story.planned})

    def _other_documents(self, story: Story, commit: Commit) -> list[str]:
        """Documents that a commit changes besides the story's own and the status: its work, if it says feat or fix."""
        in_diff = self._names.find_stories_in_diff(commit)
        return sorted(
            c.path
            for c in commit.changes
            if story not in in_diff.get(c.path, ())
            and classify_document(c.path) != "status"
            and self._kind_of(c.path) != "noise"
        )

    def _planned_creates(self, story: Story) -> frozenset[str]:
        return frozenset(p.path for p in story.planned if p.intent == "create")

    def _created(self, links: Mapping[str, Link]) -> frozenset[str]:
        return frozenset().union(*(self._work(link.commit).created for link in _implementing(links)))

    # -------------------------------------------------------------------------------------- inferred

    def _link_planned(self, story: Story, candidates: Iterable[Commit], links: dict[str, Link]) -> None:
        """A commit that names no story but creates files that only this story plans."""
        planned = frozenset(p for p in self._planned_creates(story) if len(self._find_planners(p)) == 1)
        if not planned:
            return
        merges = {r.merge for link in _implementing(links) for r in self._names.get_pull_requests(link.commit.sha)}
        for commit in candidates:
            existing = links.get(commit.sha)
            if commit.is_merge or (existing is not None and existing.role != "mentions"):
                continue
            message, work = self._names.get_message(commit), self._work(commit)
            if message.follows_up or message.keeps_books or self._read_claims(story, commit)[1]:
                continue
            hits = sorted(work.created & planned)
            if not hits or not work.code:
                continue
            sources = [p for p in work.code if self._kind_of(p) == "source" or p in planned]
            share = len(hits) / len(sources) if sources else 0.0
            near = any(r.merge in merges for r in self._names.get_pull_requests(commit.sha))
            whole = len(hits) >= 2 and len(hits) == len(planned)
            if share < (_PLANNED_SHARE if near or whole else _PLANNED_SHARE_ALONE):
                continue
            reasons = [f"it creates {_name_paths(hits)}, which only this story plans"]
            if near:
                reasons.append("it is in the same pull request as other work on the story")
            score = round(min(0.95, 0.6 + 0.25 * share + (0.1 if near else 0.0)), 2)
            links[commit.sha] = Link(commit, "implements", False, score, tuple(reasons))

    def _find_planners(self, path: str) -> list[Story]:
        if self._planned_by is None:
            self._planned_by = {}
            for story in self._names.book.stories:
                for plan in {p.path for p in story.planned if p.intent == "create"}:
                    self._planned_by.setdefault(plan, []).append(story)
        return self._planned_by.get(path, [])

    def _link_titled(self, story: Story, candidates: Iterable[Commit], links: dict[str, Link]) -> None:
        """A commit of the epic's pull request that names no story and whose subject says the story's title."""
        if _implementing(links):
            return
        best: list[tuple[float, Commit]] = []
        for commit in candidates:
            message, work = self._names.get_message(commit), self._work(commit)
            naming = self._names.get_naming(commit)
            if commit.is_merge or commit.sha in links or naming.claimed or not work.code:
                continue
            if message.follows_up or message.keeps_books or self._names.find_stories_in_diff(commit):
                continue
            score = score_title(story, message.subject, self._names.book.stories)
            if score >= _TITLE_SCORE:
                best.append((score, commit))
        if len(best) == 1:
            score, commit = best[0]
            links[commit.sha] = Link(
                commit,
                "implements",
                False,
                round(0.5 + 0.4 * score, 2),
                (f"its subject says the story's title: {story.title}",),
            )

    def _link_commented(self, story: Story, comment_paths: Iterable[str], links: dict[str, Link]) -> None:
        """The commit that added a file whose code comments name the story."""
        for path in sorted(comment_paths):
            for commit in self._history.find_touching([path])[:1]:
                message, work = self._names.get_message(commit), self._work(commit)
                if (
                    commit.is_merge
                    or self._read_claims(story, commit)[1]
                    or message.keeps_books
                    or path not in work.created
                ):
                    continue
                links[commit.sha] = Link(
                    commit, "implements", False, 0.8, (f"it adds {path}, whose comments name the story",)
                )

    # ------------------------------------------------------------------------------------- follow-ups

    def _link_follow_ups(self, story: Story, links: dict[str, Link]) -> None:
        """Later fixes of the story's files in the pull requests that brought its work in."""
        work_links = _implementing(links)
        if not work_links:
            return
        files = frozenset().union(*(self._work(link.commit).code for link in work_links))
        for request in self._list_requests(work_links):
            place = {sha: n for n, sha in enumerate(request.commits)}
            first = min((place[link.commit.sha] for link in work_links if link.commit.sha in place), default=None)
            if first is None:
                continue
            names = files
            for commit in self._history.get_commits(request.commits[first + 1 :]):
                existing = links.get(commit.sha)
                if not commit.is_merge and (existing is None or existing.role == "mentions"):
                    link = self._judge_follow_up(story, commit, names, request)
                    if link is not None:
                        links[commit.sha] = link
                names = names.union(c.path for c in commit.changes if c.status == "R" and c.old_path in names)

    def _list_requests(self, work_links: Iterable[Link]) -> tuple[PullRequest, ...]:
        found: dict[str, PullRequest] = {}
        for link in work_links:
            for request in self._names.get_pull_requests(link.commit.sha):
                found.setdefault(request.merge, request)
        return tuple(found.values())

    def _judge_follow_up(
        self, story: Story, commit: Commit, files: frozenset[str], request: PullRequest
    ) -> Link | None:
        message, work = self._names.get_message(commit), self._work(commit)
        claims, rivals, _ = self._read_claims(story, commit)
        if rivals and not claims:
            return None
        if message.type in _UPKEEP and not (message.type == "chore" and message.is_about_review):
            return None
        if not message.follows_up:
            return None
        touched = sorted(files & (work.code | frozenset(c.old_path for c in work.changes if c.old_path)))
        if not touched:
            return None
        what = "it is a fix" if message.mends else "it hardens what is there"
        if message.answers_review:
            what = "it answers a review"
        where = f"pull request #{request.number}" if request.number else f"the merge {request.merge[:12]}"
        reasons = (
            f"{what}, later in {where} that brought the story's work in",
            f"it changes files of the story: {_name_paths(touched)}",
        )
        score = 0.7 + 0.1 * message.answers_review + 0.1 * message.mends + 0.1 * (len(touched) > 1)
        return Link(commit, "follow-up", False, round(min(score, 0.95), 2), reasons)

    # ----------------------------------------------------------------------- copies, reverts, merges

    def _link_copies_and_reverts(self, story: Story, candidates: Iterable[Commit], links: dict[str, Link]) -> None:
        """Commits that name another commit by its hash, oldest first: each is to the story what the other is to it."""
        if not links:
            return
        work_links = [link for link in links.values() if link.role in ("implements", "follow-up")]
        requests = {r.merge: r for r in self._list_requests(_implementing(links))}
        # Git quotes the subject of what it reverts: one that names the story is a candidate already, so only reverts
        # of other commits, and of whole pull requests, have to be looked for.
        named = {c.sha for c in self._history.find_mentioning(story.key)}
        sought = [link.commit for link in work_links if requests or link.commit.sha not in named]
        paths = frozenset().union(*(self._work(commit).code for commit in sought))
        near = {c.sha for c in candidates}
        near.update(c.sha for c in self._history.find_touching(sorted(paths)))
        for commit in self._history.get_commits(near):
            message = self._names.get_message(commit)
            if commit.is_merge or not (message.reverts or message.picked_from):
                continue
            undone = next((s for p in message.reverts for s in (*links, *requests) if s.startswith(p)), "")
            if undone in links and links[undone].role == "reverts":
                why = f"it brings back what {undone[:12]} had taken away"
                links[commit.sha] = Link(commit, "implements", True, 1.0, (why,))
            elif undone in requests or (undone in links and links[undone].role in ("implements", "follow-up")):
                links[commit.sha] = Link(commit, "reverts", True, 1.0, (f"it reverts {undone[:12]}",))
            elif undone in links:
                why = f"it reverts {undone[:12]}, which only mentions the story"
                links[commit.sha] = Link(commit, "mentions", True, 1.0, (why,))
            copied = next((s for p in message.picked_from for s in links if s.startswith(p)), "")
            existing = links.get(commit.sha)
            if copied and not undone and (existing is None or existing.role == "mentions"):
                source = links[copied]
                reason = f"it is a cherry-pick of {copied[:12]}"
                links[commit.sha] = Link(commit, source.role, source.explicit, source.score, (reason, *source.reasons))

    def _link_merges(self, story: Story, candidates: Iterable[Commit], links: dict[str, Link]) -> None:
        work_links = _implementing(links)
        carrying = {r.merge: r for r in self._list_requests(work_links)}
        for commit in candidates:
            if not commit.is_merge:
                continue
            claims, _, _ = self._read_claims(story, commit)
            if commit.sha in carrying:
                brought = sum(link.commit.sha in carrying[commit.sha].commits for link in work_links)
                reason = f"it brought in {brought} of the commits that implement the story"
            elif claims:
                reason = claims
            else:
                continue
            changes = self._history.find_merge_only_changes(commit.sha) if claims else ()
            own = [c.path for c in changes if not is_planning(c.path) and self._kind_of(c.path) in ("source", "test")]
            if own:
                merged = Commit(
                    commit.sha, commit.parents, commit.author, commit.authored, commit.authored_offset,
                    commit.committer, commit.committed, commit.message, changes,
                )  # fmt: skip
                why = (claims, f"the merge itself changes {_name_paths(sorted(own))}")
                links[commit.sha] = Link(merged, "implements", True, 1.0, why)
            else:
                links[commit.sha] = Link(commit, "merge", True, 1.0, (reason,))


def _implementing(links: Mapping[str, Link]) -> tuple[Link, ...]:
    return tuple(link for link in links.values() if link.role == "implements")


def _say_no_work(commit: Commit) -> str:
    """Why a commit that names the story has no part in its work: nothing in it that could be any."""
    if not commit.changes:
        return "it changes no file"
    if not any(is_planning(c.path) for c in commit.changes):
        return "it changes only what tools write"
    return "it changes plans and status only"


def _name_paths(paths: list[str]) -> str:
    """The first paths by name, the rest by count, so that a reason stays one line."""
    shown = ", ".join(paths[:3])
    return f"{shown} and {len(paths) - 3} more" if len(paths) > 3 else shown
