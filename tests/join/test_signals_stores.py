"""Stores, models, telemetry, metrics, caches: what the shipped rules find."""

from __future__ import annotations

import pytest

from tests.join.signals import derive, keys_of, python, script

# ------------------------------------------------------------------------------------------- stores


@pytest.mark.parametrize(
    ("source", "key", "url"),
    [
        ("import asyncpg\npool = asyncpg.create_pool('postgres://h/db')", "store:postgres", "postgres://h/db"),
        ("import psycopg2\nc = psycopg2.connect(dsn='postgres://h/db')", "store:postgres", "postgres://h/db"),
        (
            "from sqlalchemy import create_engine\ncreate_engine('mysql+pymysql://h/db')",
            "store:mysql",
            "mysql+pymysql://h/db",
        ),
        ("from sqlalchemy import create_engine\ncreate_engine('sqlite:///x.db')", "store:sqlite", "sqlite:///x.db"),
        ("from sqlalchemy import create_engine\ndef f(url):\n    create_engine(url)", "store:sql", '=["name","url"]'),
        ("from pymongo import MongoClient\nMongoClient('mongodb://h')", "store:mongodb", "mongodb://h"),
        ("import redis.asyncio as redis\nredis.from_url('redis://h')", "store:redis", "redis://h"),
        ("import sqlite3\nsqlite3.connect('x.db')", "store:sqlite", "x.db"),
        ("import boto3\nboto3.client('s3', endpoint_url='http://minio')", "store:s3", "http://minio"),
        (
            "from agno.db.postgres import PostgresDb\nPostgresDb(db_url='postgres://h')",
            "store:postgres",
            "postgres://h",
        ),
        ("from qdrant_client import QdrantClient\nQdrantClient(url='http://q')", "store:qdrant", "http://q"),
    ],
)
def test_stores_of_python(source: str, key: str, url: str) -> None:
    (store,) = derive({"svc/code.py": source}, "store")
    assert (keys_of(store), store.attr("url"), store.attr("role")) == ([key], url, "uses")


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("import { Pool } from 'pg'\nconst p = new Pool({ connectionString: 'x' })", "store:postgres"),
        ("import Redis from 'ioredis'\nconst r = new Redis('redis://h')", "store:redis"),
        ("import { createClient } from 'redis'\nconst r = createClient({ url: 'redis://h' })", "store:redis"),
        ("import mongoose from 'mongoose'\nmongoose.connect('mongodb://h')", "store:mongodb"),
        ("import { DataSource } from 'typeorm'\nnew DataSource({ type: 'mysql', url: 'x' })", "store:mysql"),
        ("import { S3Client } from '@aws-sdk/client-s3'\nnew S3Client({ region: 'eu' })", "store:s3"),
        ("import { PrismaClient } from '@prisma/client'\nconst p = new PrismaClient()", "store:prisma"),
        ("import { PrismaClient } from '@prisma/client'\nexport class Db extends PrismaClient {}", "store:prisma"),
    ],
)
def test_stores_of_typescript(source: str, key: str) -> None:
    (store,) = derive({"api/src/code.ts": source}, "store")
    assert keys_of(store) == [key]


def test_the_schema_says_what_prisma_stores_in() -> None:
    files = {
        "packages/db/schema.prisma": 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
        "packages/db/index.ts": "import { PrismaClient } from '@prisma/client'\nexport const db = new PrismaClient()\n",
    }
    (store,) = derive(files, "store")
    assert (store.name, keys_of(store)) == ("postgresql", ["store:postgres"])


def test_a_connection_of_the_project_itself_is_no_store() -> None:
    assert python("from svc.net import connect\nconnect('x')\n", "store") == []
    assert python("def create_pool(): ...\ncreate_pool()\n", "store") == []


def test_remote_procedure_calls_meet_their_server() -> None:
    files = {
        "mail/server.py": "import mail_pb2_grpc\nmail_pb2_grpc.add_MailServicer_to_server(Mail(), server)\n",
        "shop/client.py": (
            "import grpc\nimport mail_pb2_grpc\nchannel = grpc.insecure_channel('mail:50051')\n"
            "stub = mail_pb2_grpc.MailStub(channel)\n"
        ),
        "pay/server.js": (
            "const grpc = require('@grpc/grpc-js')\nconst server = new grpc.Server()\n"
            "server.addService(proto.MailService.service, { send })\n"
        ),
    }
    assert [keys_of(fact) for fact in derive(files, "rpc_server")] == [["grpc:Mail"], ["grpc:MailService"]]
    assert [keys_of(fact) for fact in derive(files, "rpc_call")] == [["grpc:Mail"]]
    assert [fact.attr("url") for fact in derive(files, "rpc_channel")] == ["mail:50051"]


# ------------------------------------------------------------------------------------------- models


@pytest.mark.parametrize(
    ("source", "name", "provider"),
    [
        ("from agno.models.openai import OpenAIChat\nOpenAIChat(id='m-1')", "m-1", "OpenAIChat"),
        ("from langchain_openai import ChatOpenAI\nChatOpenAI(model='m-1')", "m-1", "ChatOpenAI"),
        ("from google.adk.models.lite_llm import LiteLlm\nLiteLlm(model='m-1')", "m-1", "LiteLlm"),
        ("import anthropic\nclient = anthropic.Anthropic(api_key='k')", "Anthropic", "Anthropic"),
    ],
)
def test_models(source: str, name: str, provider: str) -> None:
    assert python(source, "model", "provider") == [(name, provider)]


def test_calls_of_a_model() -> None:
    source = """
        from openai import AsyncOpenAI

        client = AsyncOpenAI()

        async def ask():
            await client.chat.completions.create(model="m-1", messages=[])
            await client.beta.other.create(model="m-2")
    """
    assert python(source, "model_call", "model") == [("m-1", "m-1")]
    source = "import { openai } from '@ai-sdk/openai'\nconst m = openai('m-1')\n"
    assert script(source, "model", "provider") == [("m-1", "openai")]


# ------------------------------------------------------------------------------------------- telemetry and metrics


def test_exporters_tracers_spans_and_attributes() -> None:
    source = """
        import os
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.propagate import inject

        exporter = OTLPSpanExporter(endpoint=os.getenv("OTEL_ENDPOINT", "http://localhost:4317"))
        tracer = trace.get_tracer("svc")

        def call(headers):
            with tracer.start_as_current_span("svc.call") as span:
                span.set_attribute("svc.kind", "x")
                inject(headers)
    """
    assert python(source, "telemetry", "what", "url") == [
        ("OTLPSpanExporter", "otlp", "{env:OTEL_ENDPOINT|http://localhost:4317}")
    ]
    assert python(source, "tracer") == [("svc",)]
    assert python(source, "span") == [("svc.call",)]
    assert python(source, "span_attribute", "span") == [("svc.kind", "span")]
    assert python(source, "telemetry_propagation") == [("inject",)]


def test_sentry() -> None:
    source = "import * as Sentry from '@sentry/nextjs'\nSentry.init({ dsn: 'https://s' })\n"
    assert script(source, "telemetry", "url") == [("sentry", "https://s")]


def test_metrics_and_their_uses() -> None:
    files = {
        "svc/metrics.py": (
            "from prometheus_client import Counter, Histogram\n"
            "CALLS = Counter('svc_calls_total', 'Calls', ['kind'])\nTIME = Histogram('svc_seconds', 'Time')\n"
        ),
        "svc/code.py": "from svc.metrics import CALLS\ndef go():\n    CALLS.labels(kind='a').inc()\n    seen.add(1)\n",
    }
    assert [(f.name, f.attr("type"), f.attr("labels")) for f in derive(files, "metric")] == [
        ("svc_calls_total", "Counter", '=["list","kind"]'),
        ("svc_seconds", "Histogram", ""),
    ]
    (use,) = derive(files, "metric_use")
    assert (use.name, keys_of(use), use.attr("what")) == ("svc_calls_total", ["metric:svc_calls_total"], "inc")


def test_metrics_of_node() -> None:
    source = """
        import { Counter } from 'prom-client'
        export class Metrics {
          private readonly calls: Counter
          constructor() { this.calls = new Counter({ name: 'svc_calls_total', help: 'Calls', labelNames: ['kind'] }) }
          count() { this.calls.inc({ kind: 'a' }) }
        }
    """
    assert script(source, "metric", "help") == [("svc_calls_total", "Calls")]
    assert script(source, "metric_use", "what") == [("svc_calls_total", "inc")]


# ------------------------------------------------------------------------------------------- caches


def test_caches_of_redis_and_functions() -> None:
    source = """
        import redis
        from functools import lru_cache

        CACHE_TTL = 300
        r = redis.Redis()

        def keep(key):
            r.setex(f"part:{key}", CACHE_TTL, "x")
            r.set("flag", "1", ex=60)
            r.delete("flag")

        @lru_cache(maxsize=8)
        def load(): ...
    """
    assert python(source, "cache", "ttl", "what") == [
        ("CACHE_TTL", "300", "setting"),
        ("part:{key}", "", "redis"),
        ("flag", "60", "redis"),
        ("load", "", "function"),
    ]
    assert python(source, "cache_invalidate") == [("flag",)]


def test_caches_of_queries() -> None:
    source = """
        import { useQuery, useQueryClient } from '@tanstack/react-query'
        export function useParts(id: string) {
          const client = useQueryClient()
          client.invalidateQueries({ queryKey: ['parts'] })
          return useQuery({ queryKey: ['parts', id], queryFn: load, staleTime: 5000 })
        }
    """
    assert script(source, "cache", "ttl", "query") == [("parts", "5000", '=["list","parts",["name","id"]]')]
    assert script(source, "cache_invalidate", "call") == [("parts", "invalidateQueries")]
    assert script("export const revalidate = 60\n", "cache", "ttl", path="web/app/page.tsx") == [
        ("web/app/page.tsx", "60")
    ]
    assert script("export const revalidate = 60\n", "cache") == []
