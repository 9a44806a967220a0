"""The configuration that all workers and the beat share."""

from celery import Celery

from service.nudges import create_celery
from service.settings import Settings
from workers.schedule import schedule


def create_app(settings: Settings) -> Celery:
    """Return a Celery application with the workers' tasks.

    Messages are gone once they are read: they say nothing that the sweep would not
    find out, and a text that kills its worker must not come back by itself.
    """
    app = create_celery(settings.redis_url)
    app.conf.update(
        # Celery imports them when the application is complete.
        imports=("workers.tasks",),
        task_time_limit=settings.time_limit,
        worker_prefetch_multiplier=1,
        # A nudge that lies with a busy worker cannot be answered by an idle one,
        # and a waiting caller's would queue behind one for bulk.
        worker_disable_prefetch=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_max_retries=None,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        beat_scheduler="workers.beat:MemoryScheduler",
        beat_schedule=schedule(settings),
    )
    return app
