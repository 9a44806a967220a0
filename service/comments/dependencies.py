"""FastAPI dependencies of the comment calls."""

from typing import Annotated

from fastapi import Depends, Request

from service.comments.intake import Intake


async def get_intake(request: Request) -> Intake:
    """Return the application's intake, which `app.py` makes once per process."""
    intake: Intake = request.app.state.intake
    return intake


TheIntake = Annotated[Intake, Depends(get_intake)]
