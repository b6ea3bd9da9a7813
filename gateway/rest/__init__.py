"""`/rest/v1`: PostgREST's HTTP API. A request walks request -> compile (plan, sql) -> handler -> respond."""

from gateway.rest.handler import RestSurface
from gateway.rest.openapi import OpenApi, OpenApiRules, ProxyUriError
from gateway.rest.rules import RestRules

__all__ = ["OpenApi", "OpenApiRules", "ProxyUriError", "RestRules", "RestSurface"]
