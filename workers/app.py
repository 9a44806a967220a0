"""The Celery configuration that all workers and the beat share."""

from celery import Celery

from service.nudges import create_celery
from service.settings import Settings
from workers.schedule import schedule


def create_app(settings: Settings) -> Celery:
    """Return a Celery application with the workers' tasks.

    Messages are deleted once they are read. The sweep finds what a lost message was for, and a
    text that kills its worker must not be tried again because its message comes back.
    """
    app = create_celery(settings.redis_url)
    app.conf.update(
        # Celery imports these modules when the application is complete.
        imports=("workers.tasks",),
        task_time_limit=settings.time_limit,
        worker_prefetch_multiplier=1,
        # A nudge that a busy worker has prefetched is lost to idle workers, and the nudge of a
        # waiting caller would queue behind one for bulk.
        worker_disable_prefetch=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_max_retries=None,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        beat_scheduler="workers.beat:MemoryScheduler",
        beat_schedule=schedule(settings),
    )
    return app
