"""The web application: AMS endpoints, Tidepool endpoints, the control plane and the page."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.routing import Route as WebRoute

from airflow_provider_ams.sandbox import (
    auth,
    control,
    events_read,
    events_search,
    events_write,
    files,
    page,
    records,
    schemas,
    tidepool,
    users,
)
from airflow_provider_ams.sandbox.site import Route, Site
from airflow_provider_ams.sandbox.wire import Endpoint, WrongSite

AMS_ROUTES: tuple[Route, ...] = (
    *events_write.ROUTES,
    *events_read.ROUTES,
    *events_search.ROUTES,
    *auth.ROUTES,
    *users.ROUTES,
    *records.ROUTES,
    *files.ROUTES,
    *schemas.ROUTES,
)


def build(site: Site) -> FastAPI:
    """Return the application that serves a site."""
    app = FastAPI(title="AMS and Tidepool sandbox", redoc_url=None)
    base = f"/{site.settings.site}"
    for prefix, routes in ((base, AMS_ROUTES), ("", tidepool.ROUTES)):
        for route in routes:
            app.router.routes.append(WebRoute(prefix + route.path, Endpoint(site, route)))
    app.router.routes.append(WebRoute("/{name}/api/{rest:path}", WrongSite(site)))
    app.include_router(control.router(site))
    app.include_router(page.router(site))
    return app
