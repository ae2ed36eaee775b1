#!/bin/sh

# kbgen:begin semgrep
# Runs Semgrep with the rules of this folder on what git is about to commit: the staged text, not the work tree's.
# Called by a Git hook as `sh .semgrep/pre-commit.sh`; with paths from the repository's top it looks at those instead:
# pre-commit names files, and by hand `sh .semgrep/pre-commit.sh .` is all that git tracks.
#
#   SEMGREP_BLOCK=error     findings of severity ERROR stop the commit, others are shown (what happens without it)
#   SEMGREP_BLOCK=warning   findings of severity WARNING stop it too
#   SEMGREP_BLOCK=none      findings are shown, nothing stops
#   SEMGREP_REQUIRED=1      a missing Semgrep stops the commit; otherwise it is said and the commit goes on
set -u

case ${SEMGREP_BLOCK:=error} in
  error) stops='ERROR|HIGH|CRITICAL' ;;
  warning) stops='ERROR|HIGH|CRITICAL|WARNING|MEDIUM' ;;
  none) stops= ;;
  *)
    echo "semgrep: SEMGREP_BLOCK is '$SEMGREP_BLOCK'; it can be error, warning or none" >&2
    exit 2
    ;;
esac

# Where Semgrep itself cannot answer, nothing is known about the change: only `none` lets that pass.
fail() {
  echo "semgrep: $1" >&2
  [ "$SEMGREP_BLOCK" = none ] && exit 0
  exit 2
}

if ! command -v semgrep >/dev/null 2>&1; then
  cat >&2 <<'HELP'
semgrep: not installed, so this change was not checked. Install it with one of
  pipx install semgrep
  brew install semgrep
  python3 -m pip install semgrep
HELP
  [ "${SEMGREP_REQUIRED:-0}" = 1 ] && exit 1
  exit 0
fi

rules=$(cd -- "$(dirname -- "$0")" && pwd) || fail "the folder of $0 cannot be read"
top=$(git rev-parse --show-toplevel) || fail "this is no git repository"
cd -- "$top" || fail "$top cannot be read"
work=$(mktemp -d) || fail "no temporary folder can be made"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

# A copy of the staged files: names with blanks or leading dashes never reach a command line, and what is changed but
# not staged is not looked at. A file staged as deleted, and one that is not tracked, has no staged text.
mkdir "$work/staged"
if [ $# -gt 0 ]; then
  git --literal-pathspecs ls-files -z --cached -- "$@" >"$work/names" || fail "git cannot list the files"
else
  git diff --cached --name-only -z --no-renames --diff-filter=ACMT >"$work/names" || fail "git cannot list what is staged"
fi
[ -s "$work/names" ] || exit 0
git checkout-index -z --stdin --prefix="$work/staged/" <"$work/names" || fail "git cannot copy what is staged"

# Without a list of the project's own, Semgrep would leave out tests, which rules of this folder are about.
# A link of that name is not written through.
rm -f "$work/staged/.semgrepignore"
git show :.semgrepignore >"$work/staged/.semgrepignore" 2>/dev/null || echo node_modules/ >"$work/staged/.semgrepignore"

# The hook's GIT_DIR and GIT_INDEX_FILE would make Semgrep take the copy for the repository.
(
  unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE GIT_PREFIX
  cd "$work/staged" && semgrep scan --config "$rules" --metrics=off --disable-version-check --no-git-ignore --quiet --timeout 20 \
    --emacs --json-output="$work/findings.json" .
)
status=$?
# 0 and 1: it ran. Anything else is a rule that cannot be read, or Semgrep's own trouble.
[ "$status" -le 1 ] || fail "it could not run (exit code $status); its message is above"
[ -s "$work/findings.json" ] || fail "it left no findings file; version 1.100 or newer is needed"

[ -n "$stops" ] || exit 0
# Inside a JSON string every quote has a backslash before it, so only Semgrep's own key can match.
if grep -Eq "\"severity\": *\"($stops)\"" "$work/findings.json"; then
  echo "semgrep: the commit is stopped; correct the findings above, or silence one in a comment on its line: nosemgrep: RULE-ID" >&2
  exit 1
fi
# kbgen:end semgrep sha256:a72bb03a1b57c11904dc827741872ea829472310d883be02062e8246e640348f
