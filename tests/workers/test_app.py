"""The contract between who names a task and who registers it."""

from service import queue
from service.domain.vocabulary import Lane
from service.settings import Settings
from workers.app import LANES, create_app, register_delivery, register_score, register_upkeep
from workers.child import ScoringChild
from workers.delivery.loop import Delivering
from workers.scoring import Scoring


def test_every_name_of_a_task_is_registered(scoring: Scoring) -> None:
    app = create_app(Settings())
    register_score(app, ScoringChild(scoring, lambda *_: None, 1))  # type: ignore[arg-type, return-value]
    register_upkeep(app, Settings(), scoring.database)
    register_delivery(app, Delivering(scoring.database, Settings()))
    names = {value for name, value in vars(queue).items() if name.endswith("_TASK")}
    assert names
    assert names <= set(app.tasks)


def test_every_scheduled_task_goes_where_somebody_reads() -> None:
    schedule = create_app(Settings()).conf.beat_schedule
    assert {entry["task"]: entry["options"]["queue"] for entry in schedule.values()} == {
        queue.SWEEP_TASK: queue.UPKEEP_QUEUE,
        queue.ERASE_TASK: queue.UPKEEP_QUEUE,
        queue.DELIVER_TASK: queue.DELIVERY_QUEUE,
    }


def test_every_lane_has_its_queue() -> None:
    assert list(LANES.values()) == list(Lane)
    assert [*LANES] == ["score.waiting", "score.comments", "score.bulk"]
