"""What every HTTP surface shares: server, mounts, CORS, error rendering, limits, access log, admin port."""

from gateway.web.access_log import AccessLog
from gateway.web.admin import AdminApplication, AdminSources, Readiness
from gateway.web.cors import CorsPolicy
from gateway.web.dispatch import Dispatcher
from gateway.web.errors import ErrorRenderer, PostgrestErrors
from gateway.web.failure_log import FailureLog
from gateway.web.logs import configure_logging, level_name
from gateway.web.mounts import Health, Mounts, Surface
from gateway.web.request import Request, raw_path_and_query
from gateway.web.response import BytesResponse, fast_response
from gateway.web.server import Application, HttpLimits, HttpServer

__all__ = [
    "AccessLog",
    "AdminApplication",
    "AdminSources",
    "Application",
    "BytesResponse",
    "CorsPolicy",
    "Dispatcher",
    "ErrorRenderer",
    "FailureLog",
    "Health",
    "HttpLimits",
    "HttpServer",
    "Mounts",
    "PostgrestErrors",
    "Readiness",
    "Request",
    "Surface",
    "configure_logging",
    "fast_response",
    "level_name",
    "raw_path_and_query",
]
