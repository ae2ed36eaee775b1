"""Where kbgen's own text stands in a file: find a managed block, tell whether a person edited it, replace it.

A block is everything between two marker lines::

    <!-- kbgen:begin NAME -->

    text

    <!-- kbgen:end NAME sha256:HEX -->

and ``# kbgen:begin NAME`` … ``# kbgen:end NAME sha256:HEX`` in YAML and shell. All work is on bytes: what lies
outside a block is never decoded, re-rendered or moved. The checksum is taken of the text as
`normalise` leaves it, so that a formatter's changes are no hand edit. `normalise` is therefore part
of the file format: a change of it makes every block in the field look edited.
"""

from __future__ import annotations

from kbgen.splice.blank import MARKER, blank_blocks
from kbgen.splice.edits import Style, compute_checksum, normalise
from kbgen.splice.keep import keep_edit
from kbgen.splice.scan import BOM, Block, find_blocks
from kbgen.splice.write import END_OF_FILE, Placement, edited_error, remove_block, replace_block

__all__ = [
    "BOM",
    "END_OF_FILE",
    "MARKER",
    "Block",
    "Placement",
    "Style",
    "blank_blocks",
    "compute_checksum",
    "edited_error",
    "find_blocks",
    "keep_edit",
    "normalise",
    "remove_block",
    "replace_block",
]
