"""The OpenAPI 2.0 description of a schema, answered at the root (PostgREST docs: "OpenAPI")."""

from gateway.rest.openapi.answer import OpenApi, OpenApiRules
from gateway.rest.openapi.server import ProxyUriError

__all__ = ["OpenApi", "OpenApiRules", "ProxyUriError"]
