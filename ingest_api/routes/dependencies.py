"""What routes get from the application."""

from typing import Annotated

from fastapi import Depends, Request

from ingest_api.services import Services


def _services(request: Request) -> Services:
    services: Services = request.state.services
    return services


ServicesOfApp = Annotated[Services, Depends(_services)]
