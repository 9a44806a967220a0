"""What is work, so that looking for it comes to rest."""

from datetime import timedelta

from service import clock
from service.db import Database
from service.ids import new_id
from service.tables import Endpoint, WebhookMessage
from service.testing import add_site
from service.webhooks.queue import take
from workers.delivery.leasing import lease_endpoints


def test_a_message_behind_one_that_is_not_due_is_no_work(database: Database) -> None:
    site = add_site(database).site_id
    subject = new_id()
    now = clock.now()
    with database.write() as session:
        endpoint = Endpoint(
            site_id=site, url="https://cms.example/", events=[], secret="", queued_sequence=0
        )
        session.add(endpoint)
        session.flush()
        for sequence, due in ((1, now + timedelta(hours=1)), (2, now)):
            session.add(
                WebhookMessage(
                    endpoint_id=endpoint.id,
                    sequence=sequence,
                    site_id=site,
                    subject=subject,
                    tells_state=False,
                    due_at=due,
                )
            )
    assert lease_endpoints(database, 10) == []
    with database.write() as session:
        first = session.get_one(WebhookMessage, (endpoint.id, 1))
        first.due_at = now
    assert len(lease_endpoints(database, 10)) == 1
    with database.read() as session:
        assert [m.sequence for m in take(session, endpoint, clock.now(), 9)] == [1]
