from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from service import clock
from service.comments.changes import Change, change_state
from service.db import Database
from service.domain.states import Actor, State
from service.domain.vocabulary import Lane, MemberStatus
from service.ids import new_id
from service.tables import (
    Assessment,
    Comment,
    Decision,
    Member,
    Policy,
    Report,
    Revision,
    Site,
)
from service.testing.rows import SiteRows, add_comments, add_site, insert_comment
from tests.support.fake_worker import FRENCH, FakeEngine
from tests.support.record import check_record
from workers.scoring import leases
from workers.scoring.batch import Scoring
from workers.scoring.checks import score_checked
from workers.scoring.leases import Batch
from workers.scoring.outcomes import Outcome
from workers.scoring.storing import store
from workers.scoring.turns import Limits

ENGINE = FakeEngine()


def decision_codes(database: Database) -> list[list[str]]:
    with database.read() as session:
        query = select(Decision.reasons).order_by(col(Decision.id))
        return [[reason["code"] for reason in reasons] for reasons in session.exec(query)]


def lease(database: Database) -> Batch:
    batch = leases.take(database, Lane.COMMENTS, new_id(), Limits(9, 999, 75))
    assert batch
    return batch


def store_scored(database: Database, batch: Batch) -> None:
    store(database, ENGINE, batch, score_checked(ENGINE, [item.body for item in batch.items]))


@pytest.mark.parametrize(
    ("until", "codes"),
    [(None, ["member_premoderated"]), (3600, ["member_premoderated"]), (-1, [])],
)
def test_premoderated_members_are_flagged_until_it_ends(
    database: Database, rows: SiteRows, scoring: Scoring, until: int | None, codes: list[str]
) -> None:
    ids = add_comments(database, rows, "a")
    with database.write() as session:
        member = session.get_one(Member, rows.member_id)
        member.status = MemberStatus.PREMODERATED
        member.status_until = None if until is None else clock.now() + timedelta(seconds=until)
    scoring.run(ENGINE, Lane.COMMENTS)
    assert decision_codes(database) == [codes]
    check_record(database, ids)


def test_a_language_that_the_model_lacks_is_flagged(
    database: Database, rows: SiteRows, scoring: Scoring
) -> None:
    ids = add_comments(database, rows, f"{FRENCH}: bonjour tout le monde", f"{FRENCH}: merci")
    scoring.run(ENGINE, Lane.COMMENTS)
    assert decision_codes(database) == [["language_unsupported"], []]
    check_record(database, ids)


@pytest.mark.parametrize(
    ("decided", "actor"),
    [(State.FLAGGED, Actor.POLICY), (State.APPROVED, Actor.MODERATOR)],
)
def test_an_edit_after_a_flag_or_a_person_is_flagged(
    database: Database, rows: SiteRows, scoring: Scoring, decided: State, actor: Actor
) -> None:
    ids = add_comments(database, rows, "a")
    for target, who in ((decided, actor), (State.PENDING, Actor.AUTHOR)):
        with database.write() as session:
            comment = session.get_one(Comment, ids[0])
            change_state(session, Change(comment, target, who))
            if who is Actor.AUTHOR:
                session.add(
                    Revision(comment_id=ids[0], number=2, site_id=rows.site_id, body="ganz brav")
                )
    scoring.run(ENGINE, Lane.COMMENTS)
    assert decision_codes(database)[-1] == ["previously_flagged"]
    check_record(database, ids)


def test_an_edit_after_the_policys_approval_may_be_approved(
    database: Database, rows: SiteRows, scoring: Scoring
) -> None:
    ids = add_comments(database, rows, "a")
    scoring.run(ENGINE, Lane.COMMENTS)
    with database.write() as session:
        change_state(session, Change(session.get_one(Comment, ids[0]), State.PENDING, Actor.AUTHOR))
        session.add(Revision(comment_id=ids[0], number=2, site_id=rows.site_id, body="b"))
    scoring.run(ENGINE, Lane.COMMENTS)
    assert decision_codes(database)[-1] == []
    check_record(database, ids)


@pytest.mark.parametrize(("members", "codes"), [(2, []), (3, ["reported"])])
def test_reports_made_while_it_was_pending_count(
    database: Database,
    rows: SiteRows,
    scoring: Scoring,
    members: int,
    codes: list[str],
) -> None:
    reported, neighbour = add_comments(database, rows, "a", "b")
    about: dict[str, Any] = {
        "site_id": rows.site_id,
        "comment_id": reported,
        "revision": 1,
        "reason": "insult",
    }
    with database.write() as session:
        readers = [Member(site_id=rows.site_id, key=f"leser-{n}") for n in range(members)]
        session.add_all(readers)
        session.flush()
        for reader in readers:
            insert_comment(session, replace(rows, member_id=reader.id), "c")
        session.add_all(Report(reporter_id=reader.id, **about) for reader in readers)
        session.add_all([Report(**about), Report(**about)])  # anonymous ones
    scoring.run(ENGINE, Lane.COMMENTS)
    with database.read() as session:
        decisions = {made.comment_id: made for made in session.exec(select(Decision))}
    assert [reason["code"] for reason in decisions[reported].reasons] == codes
    assert decisions[reported].facts["reporters"] == members
    assert decisions[neighbour].reasons == []
    check_record(database, [reported, neighbour])


@pytest.mark.parametrize(("version", "document"), [(1, {"flag_at": {}}), (7, None)])
def test_without_a_usable_policy_everything_is_flagged(
    database: Database,
    rows: SiteRows,
    scoring: Scoring,
    version: int,
    document: dict[str, object] | None,
) -> None:
    add_comments(database, rows, "a", "b")
    with database.write() as session:
        session.get_one(Site, rows.site_id).active_policy = version
        if document:
            session.get_one(Policy, (rows.site_id, 1)).document = document
    assert scoring.run(ENGINE, Lane.COMMENTS) is Outcome.STORED
    assert decision_codes(database) == [["policy_unusable"]] * 2


def test_each_site_is_judged_by_its_own_policy(
    database: Database, rows: SiteRows, scoring: Scoring
) -> None:
    strict = add_site(database, "streng")
    with database.write() as session:
        policy = session.get_one(Policy, (strict.site_id, 1))
        policy.document = policy.document | {"flag_at": {"toxicity": 0.0}}
    ids = add_comments(database, rows, "a") + add_comments(database, strict, "a")
    scoring.run(ENGINE, Lane.COMMENTS)
    assert decision_codes(database) == [[], ["over_threshold"]]
    check_record(database, ids)


def test_what_lost_its_lease_is_left_out_with_its_assessment(
    database: Database, rows: SiteRows
) -> None:
    lost, kept = add_comments(database, rows, "a", "b")
    batch = lease(database)
    with database.write() as session:
        comment = session.get_one(Comment, lost)
        comment.lease = new_id()
    store_scored(database, batch)
    with database.read() as session:
        assert session.exec(select(Assessment.comment_id)).all() == [kept]
        assert session.exec(select(Decision.comment_id)).all() == [kept]
        assert session.get_one(Comment, lost).state is State.PENDING
