"""The workers' Celery application, for Celery's own command only.

`celery -A workers.celery inspect active` shows what the workers do now. Workers themselves
are started by `netiquette worker`, which equips the tasks.
"""

from service.settings import settings
from workers.app import create_app

app = create_app(settings())
