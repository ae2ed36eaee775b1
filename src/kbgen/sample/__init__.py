"""The demo project: which small repository shows all that kbgen does, with the same hashes everywhere?

`kbgen demo DIR` gets a parcel depot's agent mesh (Python services, a Next.js console, a NestJS API) with
about sixty commits. Each commit is a folder under ``steps/`` that can be read and edited by hand; this
package turns the folders into one ``git fast-import`` stream and knows every commit's hash before git runs.
What is true of each story in it stands in ``EXPECTED.md``, for programs in ``tests/sample/expected.json``.

The package runs no git and reads no clock: `create_sample` is handed a function that runs git.
"""

from kbgen.sample.build import SampleCommit, build_stream, create_sample, get_head_sha, list_steps
from kbgen.sample.steps_reader import Step, read_steps

__all__ = [
    "SampleCommit",
    "Step",
    "build_stream",
    "create_sample",
    "get_head_sha",
    "list_steps",
    "read_steps",
]
