"""The limits that policy files set reach the catalog, and never keep it from loading."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from gateway.catalog import load_catalog
from gateway.embedded import EmbeddedPostgres
from gateway.migrations import migrate
from gateway.paths import schema_directory

TABLE = "public.todos"
MADE = """
create schema api; create schema "s.2";
revoke usage on schema api from public;
create table public.todos (id integer primary key);
create table "s.2"."x""y" (id integer primary key);
create type api.t as (a integer);
create function api.f(api.t) returns integer language sql as 'select 1';
create function public.g(a integer, variadic b text[]) returns integer language sql as 'select 1';
"""
RULES = """{
  "tables": {"public.todos": {"limits": {"max_rows": 5}}, "public.gone": {"limits": {"max_rows": 1}}, "s.2.x\\"y": {"limits": {"max_rows": 2}}},
  "functions": {"api.f(api.t)": {"limits": {"max_rows": 3}}, "public.g(integer,text[])": {"limits": {"max_rows": 4}}, "public.gone()": {"limits": {"max_rows": 1}}}
}"""
