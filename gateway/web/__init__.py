"""What every HTTP surface shares: server, mounts, CORS, error rendering, limits, access log, admin port."""

from gateway.web.access_log import AccessLog, JsonAccessLog
from gateway.web.admin import AdminApplication, AdminRoute, AdminSources, Condition, Readiness
from gateway.web.client_address import Proxies
from gateway.web.cors import CorsPolicy
from gateway.web.dispatch import Dispatcher
from gateway.web.errors import ErrorRenderer, PostgrestErrors
from gateway.web.failure_log import FailureLog
from gateway.web.linewriter import LineWriter
from gateway.web.logs import configure_logging, level_name
from gateway.web.meter import BUCKETS, METHODS, Histogram, RequestMeter
from gateway.web.mounts import Health, Mounts, Surface
from gateway.web.ratelimit_fields import EXPOSED as RATE_LIMIT_EXPOSED
from gateway.web.ratelimit_fields import rate_limit_fields
from gateway.web.request import Request, raw_path_and_query
from gateway.web.response import BytesResponse, fast_response
from gateway.web.server import Application, HttpLimits, HttpServer

__all__ = [
    "BUCKETS",
    "METHODS",
    "RATE_LIMIT_EXPOSED",
    "AccessLog",
    "AdminApplication",
    "AdminRoute",
    "AdminSources",
    "Application",
    "BytesResponse",
    "Condition",
    "CorsPolicy",
    "Dispatcher",
    "ErrorRenderer",
    "FailureLog",
    "Health",
    "Histogram",
    "HttpLimits",
    "HttpServer",
    "JsonAccessLog",
    "LineWriter",
    "Mounts",
    "PostgrestErrors",
    "Proxies",
    "Readiness",
    "Request",
    "RequestMeter",
    "Surface",
    "configure_logging",
    "fast_response",
    "level_name",
    "rate_limit_fields",
    "raw_path_and_query",
]
