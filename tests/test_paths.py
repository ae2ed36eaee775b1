"""What kind of file a path is."""

from __future__ import annotations

import pytest

from kbgen.paths import classify_path, is_test, translate_glob

KINDS = {
    "noise": """
        package-lock.json web/pnpm-lock.yaml uv.lock go.sum .coverage agents/.coverage coverage/lcov.info
        coverage.xml web/playwright-report/index.html .claude/guard/data/test.json api/.claude/x/data/config.json
        .idea/workspace.xml .cursor/rules.txt web/dist/index.js static/app.min.js api/schema.generated.ts
        app/models_pb2.py web/.next/build.json pkg.egg-info/PKG-INFO a/__pycache__/b.pyc web/next-env.d.ts
        logs/run.log test-results/junit.xml
        """,
    "docs": """
        README.md docs/index.md docs/status.yaml docs/stories/a.context.xml docs/logo.png LICENSE
        web/CHANGELOG NOTICE.txt guide.rst web/tests/README.md docs/conf.py specs/001/plan.md CODE_OF_CONDUCT.md
        """,
    "test": """
        tests/test_a.py a/test_b.py b_test.go conftest.py pkg/conftest.py web/src/__tests__/a.tsx web/a.test.ts
        web/a.spec.tsx api/a.e2e-spec.ts e2e/login.ts cypress/support/commands.js tests/fixtures/data.json
        src/__snapshots__/a.snap src/__mocks__/fs.ts tests/load/k6/config.js src/test/java/AThing.java
        src/main/AThingTest.java vitest.setup.ts spec/models/user_spec.rb
        """,
    "config": """
        package.json tsconfig.json pyproject.toml docker-compose.yml Dockerfile api/Dockerfile.dev Makefile
        .github/workflows/ci.yml .env.example web/.env.test .eslintrc.js eslint.config.mjs web/next.config.ts
        requirements.txt agents/requirements-dev.txt .gitignore .husky/pre-commit .vscode/settings.json
        .nvmrc .gitkeep web/components.json
        """,
    "source": """
        app.py src/index.ts web/src/app/page.tsx web/src/app/docs/page.tsx web/src/lib/security.ts
        web/src/mail/mail.config.ts agents/config.py db/schema.prisma migrations/001.sql scripts/build.sh
        web/public/logo.png web/src/a.css templates/mail.hbs src/contest.py src/latest.ts web/button.stories.tsx
        src/target/aim.ts src/testament.py data/rates.csv
        """,
}


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, paths in KINDS.items() for path in paths.split()])
def test_kind(kind: str, path: str) -> None:
    assert classify_path(path) == kind
    assert is_test(path) is (kind == "test")


def test_the_users_globs_win() -> None:
    assert classify_path("src/gen/a.ts", extra_noise=["src/gen/"]) == "noise"
    assert classify_path("checks/a.py", extra_tests=["checks/**"]) == "test"
    assert classify_path("docs/a.md", extra_noise=["*.md"]) == "noise"


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("*.snap", "a/b/c.snap", True),
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/a/b.py", False),
        ("src/**/*.py", "src/a.py", True),
        ("src/**/*.py", "src/a/b/c.py", True),
        ("gen/", "gen/a/b", True),
        ("gen/", "a/gen/b", True),
        ("a?.py", "ab.py", True),
        ("a.py", "axpy", False),
    ],
)
def test_globs(glob: str, path: str, fits: bool) -> None:
    assert (translate_glob(glob).fullmatch(path) is not None) is fits
