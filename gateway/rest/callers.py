"""Callers of the database by identity, made once and kept: equal requests get the same object."""

from __future__ import annotations

from collections import OrderedDict

from gateway.catalog import Catalog
from gateway.database import Caller, quote_identifier
from gateway.identity import Identity

_LIMIT = 4096
_LONGEST_TIMEZONE = 64


class Callers:
    """Key: the identity (role and claims), the schema and the time zone asked for. Valid for one catalog snapshot,
    which has the role settings; bounded, the least recently used leave first. An entry is found by the whole
    identity and holds nothing else, so nobody can get another's."""

    def __init__(self, extra_search_path: tuple[str, ...], app_settings: tuple[tuple[str, str], ...]) -> None:
        self._extra = extra_search_path
        self._app_settings = tuple((f"app.settings.{name}", value) for name, value in app_settings)
        self._callers: OrderedDict[tuple[Identity, str, str | None], Caller] = OrderedDict()
        self._catalog: Catalog | None = None

    def get(self, identity: Identity, schema: str, timezone: str | None, catalog: Catalog) -> Caller:
        if catalog is not self._catalog:
            self._callers.clear()
            self._catalog = catalog
        if timezone is not None and len(timezone) > _LONGEST_TIMEZONE:
            return self._make(identity, schema, timezone, catalog)  # no such zone; PostgreSQL will say so
        key = (identity, schema, timezone)
        caller = self._callers.get(key)
        if caller is None:
            caller = self._callers[key] = self._make(identity, schema, timezone, catalog)
            if len(self._callers) > _LIMIT:
                self._callers.popitem(last=False)
        else:
            self._callers.move_to_end(key)
        return caller

    def _make(self, identity: Identity, schema: str, timezone: str | None, catalog: Catalog) -> Caller:
        role = catalog.role_settings.get(identity.role)
        search_path = ", ".join(quote_identifier(name) for name in (schema, *self._extra))
        settings = self._app_settings
        if timezone is not None:
            settings = (("timezone", timezone), *settings)
        return Caller(identity, search_path, role.settings if role else (), settings)
