"""Claims: a moderator reserves comments of the queue, so that no other works on them."""

from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select

from service import clock
from service.comments.repository import lock_comment
from service.errors import ClaimedByAnother
from service.http.context import Context
from service.moderators.who import Who, resolve
from service.review.queue import find_places, read_items, stale_since
from service.review.schemas import ClaimsOut, QueueFilters
from service.review.selection import CLAIM, free_for, in_queue, is_held
from service.tables import Comment, Moderator


def claim_comments(
    context: Context, site_id: UUID, who: Who, filters: QueueFilters, limit: int
) -> ClaimsOut:
    """Claim the next comments for the moderator, and renew the claims that they have.

    The moderator holds at most `limit` in all: to repeat the call after a lost answer
    claims no further comments. Raises what `resolve` raises.
    """
    now = clock.now()
    with context.database.write() as session:
        moderator = resolve(session, site_id, who)
        free, stale = free_for(moderator.id, now), stale_since(context, now)
        places = find_places(session, site_id, filters, stale, limit, only=free)
        ids = [comment_id for _, comment_id in places]
        # Between the two queries, some may have been claimed, decided or withdrawn.
        locked = session.exec(
            select(Comment.id)
            .where(
                col(Comment.site_id) == site_id,
                col(Comment.id).in_(ids),
                free,
                in_queue(site_id, stale),
            )
            .with_for_update(skip_locked=True)
        ).all()
        session.execute(
            update(Comment)
            .where(col(Comment.site_id) == site_id, col(Comment.id).in_(locked))
            .values(claimed_by=moderator.id, claimed_until=now + CLAIM)
            .execution_options(synchronize_session=False)
        )
        taken = set(locked)
        held = [comment_id for comment_id in ids if comment_id in taken]
        return ClaimsOut(items=read_items(session, site_id, held, now, moderator.key))


def release_claim(context: Context, site_id: UUID, comment_id: UUID, who: Who) -> None:
    """End the moderator's claim on the comment; a lead may end a colleague's, too.

    Nothing happens to a comment that nobody has claimed, so the call can be repeated.
    Raises NotFound, ClaimedByAnother, and what `resolve` raises.
    """
    with context.database.write() as session:
        comment = lock_comment(session, site_id, comment_id)
        moderator = resolve(session, site_id, who)
        check_claim(comment, moderator)
        comment.claimed_by, comment.claimed_until = None, None


def check_claim(comment: Comment, moderator: Moderator) -> None:
    """Raise ClaimedByAnother if a colleague has claimed the comment; a lead may overrule them."""
    if comment.claimed_by == moderator.id or moderator.lead:
        return
    if is_held(comment.claimed_until, clock.now()):
        raise ClaimedByAnother(
            "Take another comment, wait until the claim ends, or ask a lead.",
            state=comment.state.value,
            revision=comment.revision,
        )
