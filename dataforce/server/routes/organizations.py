"""The endpoints of organizations."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from dataforce.server.authentication import require_person
from dataforce.server.registry import Registry
from dataforce.server.responses import OrganizationSwitcher, respond_all
from dataforce.server.roles import CALLER

FOR_PERSONS = (
    ("/organizations", ["POST"]),
    ("/organizations/{organization_id}", ["GET", "PATCH", "DELETE"]),
    ("/users/me/api-keys", ["POST"]),
)


def routes(registry: Registry) -> APIRouter:
    """The endpoints of organizations; all but one are for persons who have signed in."""
    router = APIRouter()

    @router.get("/users/me/organizations", response_model=list[OrganizationSwitcher])
    def list_organizations() -> Response:
        organizations = sorted(registry.organizations(), key=lambda found: found.name)
        caller = CALLER.get()
        mine = {"role": caller.role.value, "permissions": caller.permissions()}
        return respond_all(
            OrganizationSwitcher, [found.model_copy(update=mine) for found in organizations]
        )

    def refuse() -> None: ...

    for path, methods in FOR_PERSONS:
        router.add_api_route(
            path,
            refuse,
            methods=methods,
            dependencies=[Depends(require_person)],
            include_in_schema=False,
        )
    return router
