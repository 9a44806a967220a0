"""The workers' Celery application, for Celery's own command.

`celery -A workers.celery inspect active` shows what the workers do now. They themselves
are started by `netiquette worker`, which gives the tasks what they work with.
"""

from service.settings import settings
from workers.app import create_app

app = create_app(settings())
