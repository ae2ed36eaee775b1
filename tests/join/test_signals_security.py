"""What keeps input, output, secrets and resources in order: sanitizers, raw queries, ciphers, limits, public routes."""

from __future__ import annotations

import pytest

from tests.join.signals import python, script


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import DOMPurify from 'dompurify'\nexport const f = (x) => DOMPurify.sanitize(x, {})", "DOMPurify.sanitize"),
        ("import sanitizeHtml from 'sanitize-html'\nexport const f = (x) => sanitizeHtml(x)", "sanitizeHtml"),
        ("import escapeHtml from 'escape-html'\nexport const f = (x) => escapeHtml(x)", "escapeHtml"),
    ],
)
def test_sanitizers_are_those_of_libraries(source: str, name: str) -> None:
    assert script(source, "sanitizer", "input") == [(name, '=["name","x"]')]


def test_a_method_of_that_name_on_something_else_is_no_sanitizer() -> None:
    assert script("import { pool } from './pool'\nexport const f = (x) => pool.sanitize(x)", "sanitizer") == []
    assert python("import bleach\ndef f(x): return bleach.clean(x)", "sanitizer") == [("bleach.clean",)]


def test_queries_put_together_as_text() -> None:
    source = "export const f = (db, id) => db.$executeRawUnsafe(`SET x = '${id}'`)"
    assert script(source, "raw_sql", "query") == [("$executeRawUnsafe", "SET x = '{id}'")]
    code = "from sqlalchemy import text\ndef f(x):\n    text(f'select {x}')\n    text('select 1')"
    assert python(code, "raw_sql", "query") == [("text", "select {x}")]


def test_programs_and_code_that_are_run() -> None:
    assert python("import subprocess\ndef f(x): subprocess.run(x, shell=True)", "process_run", "shell") == [
        ("subprocess.run", "true")
    ]
    assert script("import { exec } from 'child_process'\nexport const f = (x) => exec(x)", "process_run") == [("exec",)]
    assert python("def f(x): return eval(x)", "eval_code") == [("eval",)]
    assert script("export const f = (redis, x) => redis.eval(x)", "eval_code") == []
    assert python("import pickle\ndef f(x): return pickle.loads(x)", "unsafe_load") == [("pickle.loads",)]


def test_ciphers_hashes_and_signatures() -> None:
    cipher = "import crypto from 'crypto'\nconst A = 'aes-256-gcm'\nexport const f = (k) => crypto.createCipheriv(A, k)"
    assert script(cipher, "cipher", "algorithm") == [("createCipheriv", "aes-256-gcm")]
    assert script(
        "import bcrypt from 'bcrypt'\nexport const f = (x) => bcrypt.hash(x, 12)", "password_hash", "rounds"
    ) == [("bcrypt.hash", "12")]
    assert script(
        "import { createHmac } from 'crypto'\nexport const f = (k) => createHmac('sha256', k)", "mac", "algorithm"
    ) == [("createHmac", "sha256")]
    assert python("import hmac, hashlib\ndef f(k, m): return hmac.new(k, m, hashlib.sha256)", "mac", "secret") == [
        ("hmac.new", '=["name","k"]')
    ]


def test_input_that_is_checked() -> None:
    assert script("export const f = (x) => UserSchema.safeParse(x)", "input_check", "how") == [
        ("UserSchema", "safeParse")
    ]
    assert script("export const f = (x) => JSON.parse(x)", "input_check") == []
    validator = (
        "from pydantic import BaseModel, field_validator\nclass A(BaseModel):\n"
        "    @field_validator('x')\n    def ok(cls, v): return v"
    )
    assert python(validator, "input_validator", "of") == [("ok", '=["list","x"]')]


def test_public_routes_and_limits() -> None:
    public = "import { Public } from './public'\nexport class Web { @Public() @Get('x') get() {} }"
    assert script(public, "public_route", "decorates") == [("get", "method")]
    limit = (
        "import { Throttle } from '@nestjs/throttler'\n"
        "export class Web { @Throttle({ short: { limit: 3, ttl: 9 } }) get() {} }"
    )
    assert script(limit, "throttle", "limits") == [("Web", '=["dict",["short",["dict",["limit",3],["ttl",9]]]]')]
    module = "import { ThrottlerModule } from '@nestjs/throttler'\nThrottlerModule.forRoot([{ ttl: 9, limit: 3 }])"
    assert script(module, "throttle_default", "limits") == [
        ("ThrottlerModule", '=["list",["dict",["ttl",9],["limit",3]]]')
    ]


def test_origins_headers_and_cookies() -> None:
    assert script(
        "export const f = (app) => app.enableCors({ origin: 'https://x.test', credentials: true })", "cors", "origin"
    ) == [("enableCors", "https://x.test")]
    code = "from fastapi.middleware.cors import CORSMiddleware\napp.add_middleware(CORSMiddleware, allow_origins=['*'])"
    assert python(code, "cors", "origin") == [("CORSMiddleware", '=["list","*"]')]
    assert python("app.add_middleware(TenantMiddleware, secret='s')", "cors") == []
    headers = "export const h = [{ key: 'X-Frame-Options', value: 'DENY' }, { key: 'a', value: 'b' }]"
    assert script(headers, "security_header", "value") == [("X-Frame-Options", "DENY")]
    cookie = "export const f = (res, t) => res.cookies.set('sid', t, { httpOnly: true, sameSite: 'strict' })"
    assert script(cookie, "cookie", "http_only", "same_site") == [("sid", "true", "strict")]
    assert script("export const f = (map) => map.set('sid', 1)", "cookie") == []


def test_records_for_an_audit() -> None:
    source = "export const f = (db) => db.auditLog.create({ data: { action: 'login' } })"
    assert script(source, "audit_record", "action") == [("db.auditLog.create", "login")]


def test_digests() -> None:
    source = (
        "import { createHash } from 'crypto'\nexport const f = (key) => createHash('sha256').update(key).digest('hex')"
    )
    assert script(source, "digest", "algorithm") == [("createHash", "sha256")]
    assert python("import hashlib\ndef f(x): return hashlib.md5(x)", "digest") == [("md5",)]
