"""Hook systems found, and our lines in a husky script."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgen.errors import BlockError, EditedBlockError, StoryFileError
from kbgen.merge import HookSystem, Manner, MergeError, detect_hook_systems, merge_husky
from kbgen.splice import find_blocks, remove_block

COMMAND = "scan --rules .rules || exit 1"
OLD = b'#!/usr/bin/env sh\n. "$(dirname -- "$0")/_/husky.sh"\n\n'


def merge(content: bytes | None, **more: object) -> bytes | None:
    return merge_husky(content, "scan", COMMAND, **more)  # type: ignore[arg-type]


def list_lines(content: bytes | None) -> list[str]:
    return [line for line in (content or b"").decode().splitlines() if line.strip()]


def place(content: bytes) -> tuple[bytes, bytes]:
    result = merge(content)
    assert result is not None
    assert merge(result) == result
    assert remove_block(result, "scan", style="hash") == content
    (block,) = find_blocks(result, "hash")
    return result[: block.start].strip(), result[block.end :].strip()


class TestDetect:
    def test_each_system_is_named_with_its_file(self) -> None:
        entries = [
            ".husky/pre-push",
            ".pre-commit-config.yaml",
            "lefthook.yml",
            ".lintstagedrc.json",
            "src/lefthook.yml",
        ]
        package = '{"simple-git-hooks": {"pre-commit": "x"}, "lint-staged": {"*": "y"}, "husky": "9"}'
        assert detect_hook_systems(entries, {"package.json": package}) == (
            HookSystem("husky", ".husky/pre-commit", True),
            HookSystem("pre-commit", ".pre-commit-config.yaml", True),
            HookSystem("lefthook", "lefthook.yml", False),
            HookSystem("lint-staged", ".lintstagedrc.json", False),
            HookSystem("simple-git-hooks", "package.json", False),
        )

    @pytest.mark.parametrize("text", ["", "no json", "[]", '{"husky": {}}', "[" * 100_000])
    def test_what_is_not_there_is_not_named(self, text: str) -> None:
        entries = [".husky/_/husky.sh", "a/.husky/pre-commit", "x/.pre-commit-config.yaml", ".pre-commit-config.yml"]
        assert detect_hook_systems(entries, {"package.json": text}) == ()

    def test_husky_in_package_json_is_reported_only(self) -> None:
        (system,) = detect_hook_systems([], {"package.json": '{"husky": {"hooks": {"pre-commit": "x"}}}'})
        assert (system.name, system.is_written) == ("husky 4", False)


class TestPlace:
    def test_a_plain_script_gets_the_block_at_the_end(self) -> None:
        assert place(b"npx lint-staged\n") == (b"npx lint-staged", b"")
        assert place(OLD + b"npx lint-staged\n") == (OLD + b"npx lint-staged", b"")
        assert place(OLD) == (OLD.strip(), b"")

    @pytest.mark.parametrize(
        "tail",
        [
            b"exit 0",
            b"exit $RESULT",
            b"exec npx lint-staged",
            b'echo "done (ok)"',
            b"echo\necho 'done'",
            b"# all is well\necho done >&2\n\nexit 0",
            b'exec "$@"\n# never reached',
        ],
    )
    def test_it_stands_before_the_farewell(self, tail: bytes) -> None:
        assert place(OLD + b"npm test\n\n" + tail + b"\n") == (OLD + b"npm test", tail)

    @pytest.mark.parametrize(
        "tail",
        [
            b"if x; then\n  exit 1\nfi",
            b"if x; then\nexit 1\nfi",
            b"cat <<EOF\nexit 0\nEOF",
            b"test -n x ||\nexit 0",
            b"run \\\necho",
            b'x="\nexit 0"',
            b"exec 3>&1",
            b"echo x > out",
            b"echo $(run)",
            b"echo x | run",
            b"go() {\n  echo x\n}",
        ],
    )
    def test_a_command_that_does_more_is_no_farewell(self, tail: bytes) -> None:
        assert place(b"npm test\n" + tail + b"\n") == (b"npm test\n" + tail, b"")

    def test_a_status_that_is_handed_on_is_not_overwritten(self) -> None:
        head, tail = place(OLD + b"set +e\nnpm test\nexit $?\n")
        assert head == OLD + b"set +e"
        assert tail == b"npm test\nexit $?"

    def test_other_endings_bom_and_no_final_newline(self) -> None:
        assert merge(b"npm test\r\nexit 0\r\n") == (merge(b"npm test\nexit 0\n") or b"").replace(b"\n", b"\r\n")
        assert merge(b"npm test") == (merge(b"npm test\n") or b"").rstrip(b"\n")
        assert (merge(b"exit 0\r\n") or b"").count(b"\r\n") == 4
        assert place(b"\xef\xbb\xbfnpm test\n")[0].endswith(b"npm test")

    def test_what_is_written_is_a_shell_script(self) -> None:
        script = merge(OLD.replace(b'. "$', b'# "$') + b"x=1\nif true; then echo a; fi\necho bye\n") or b""
        assert subprocess.run(["sh", "-n"], input=script, check=False).returncode == 0


class TestNotDoubled:
    def test_the_command_there_already_is_enough(self) -> None:
        assert merge(b"npm test\n  scan  --rules .rules || exit 1\n") is None
        assert merge(b"# scan --rules .rules || exit 1\n") is not None
        assert merge(b"do_scan --config .rules/a\n", already=(".rules/",)) is None
        assert merge(b"# .rules/\necho '.rules/'\n", already=(".rules/",)) is not None

    def test_a_block_beside_the_same_command_is_taken_out(self) -> None:
        both = (merge(b"npm test\n") or b"") + b"scan --rules .rules || exit 1\n"
        result = merge(both)
        assert result == b"npm test\nscan --rules .rules || exit 1\n"

    def test_no_script_is_none_or_like_another_one(self) -> None:
        assert merge(None) is None
        assert list_lines(merge(None, sample=OLD + b"npx commitlint\n"))[:3] == [
            *OLD.decode().splitlines()[:2],
            "# kbgen:begin scan",
        ]
        assert list_lines(merge(None, sample=b"# note\nnpx commitlint\n"))[0] == "# kbgen:begin scan"

    def test_other_languages_edits_doubles_and_binary_files_are_refused(self) -> None:
        with pytest.raises(MergeError, match=r"^h:1: .* node") as caught:
            merge(b"#!/usr/bin/env -S node\nrun()\n", manner=Manner("h"))
        assert COMMAND in caught.value.hint
        own = merge(b"npm test\n") or b""
        with pytest.raises(EditedBlockError):
            merge(own.replace(b"|| exit 1", b"|| true"))
        with pytest.raises(BlockError):
            merge(own + own)
        with pytest.raises(StoryFileError):
            merge(b"\x7fELF\0\0")
        with pytest.raises(BlockError):
            merge_husky(b"a\n", "scan", "run # kbgen:end scan")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(["", "# c", "echo a", "exit 0", "npm test", "if x; then", "  exit 1", "fi", "a \\"]), max_size=9
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
def test_other_bytes_stay(lines: list[str], newline: str, final: bool) -> None:
    content = (newline.join(["run", *lines]) + (newline if final else "")).encode()
    result = merge(content)
    assert result is not None
    assert remove_block(result, "scan", style="hash") in (content, content + newline.encode())
    assert merge(result) == result
