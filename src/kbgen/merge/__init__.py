"""How our part gets into a file that belongs to the project, with every other byte as it was.

One module a kind of file: a section of a Markdown document, the items of a pull request template, the line of a Git
hook, the entry of ``.pre-commit-config.yaml``, the rules of ``.github/labeler.yml``. Each takes the bytes there are
and gives the bytes there should be, by managed block (see `kbgen.splice`); twice the same call gives the same bytes.
``None`` means that nothing of ours is needed or wanted there. What cannot be done without harm is a `MergeError`
whose hint says what to add by hand.
"""

from __future__ import annotations

from kbgen.merge.base import Manner, MergeError
from kbgen.merge.checklist import CheckGroup, find_pull_request_template, merge_checklist
from kbgen.merge.hooks import HookSystem, detect_hook_systems, merge_husky
from kbgen.merge.labeler import Label, LabelerWorkflow, find_labeler_workflow, find_size_workflow, merge_labeler
from kbgen.merge.pre_commit import merge_pre_commit_config
from kbgen.merge.sections import Section, SectionPlace, find_covering_sections, merge_section, read_sections
from kbgen.merge.subjects import EDGE, Subject, covers, fold_words, has_phrase

__all__ = [
    "EDGE",
    "CheckGroup",
    "HookSystem",
    "Label",
    "LabelerWorkflow",
    "Manner",
    "MergeError",
    "Section",
    "SectionPlace",
    "Subject",
    "covers",
    "detect_hook_systems",
    "find_covering_sections",
    "find_labeler_workflow",
    "find_pull_request_template",
    "find_size_workflow",
    "fold_words",
    "has_phrase",
    "merge_checklist",
    "merge_husky",
    "merge_labeler",
    "merge_pre_commit_config",
    "merge_section",
    "read_sections",
]
