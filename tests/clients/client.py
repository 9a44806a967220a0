"""Posts, waits, edits and decides with the client that openapi-python-client generates."""

import json
import os
from datetime import UTC, datetime
from typing import TypeVar

from netiquette_client import AuthenticatedClient
from netiquette_client.api.comments import (
    create_comment,
    create_comments,
    edit_comment,
    get_comment_history,
)
from netiquette_client.api.review import decide_comment, get_review_queue
from netiquette_client.api.threads import change_thread
from netiquette_client.models import (
    BatchIn,
    CommentIn,
    DecisionIn,
    DecisionInState,
    DecisionItem,
    DecisionReason,
    EditIn,
    GetReviewQueueOrder,
    MemberIn,
    ModeratorIn,
    ProblemOut,
    ThreadChanges,
    ThreadIn,
)

Wanted = TypeVar("Wanted")

PATIENT = "wait=10"

client = AuthenticatedClient(
    base_url=os.environ["NETIQUETTE_URL"], token=os.environ["NETIQUETTE_KEY"], timeout=30
)
moderator = ModeratorIn(key="petra", name="Petra")


def found(answer: Wanted | ProblemOut | None) -> Wanted:
    """Return what was asked for; raises ValueError with the `type` of a problem."""
    if answer is None or isinstance(answer, ProblemOut):
        raise ValueError(answer.type_ if answer else "no answer that is documented")
    return answer


def comment_in(body: str, thread: str = "client-py") -> CommentIn:
    return CommentIn(thread=ThreadIn(key=thread), member=MemberIn(key="lena"), body=body)


posted = create_comment.sync_detailed(
    client=client, body=comment_in("Das sehe ich anders."), prefer=PATIENT
)
comment = found(posted.parsed)
if comment.created_at > datetime.now(UTC):
    raise ValueError("times are no datetimes")
edited = found(
    edit_comment.sync(comment.id, client=client, body=EditIn(body="Du Idiot!"), prefer=PATIENT)
)
found(change_thread.sync("client-py", client=client, body=ThreadChanges(open_=False)))
titled = found(change_thread.sync("client-py", client=client, body=ThreadChanges(title="Radweg")))
queue = found(
    get_review_queue.sync(
        client=client, order=GetReviewQueueOrder.RISKIEST, netiquette_moderator="petra"
    )
)


def decision_in(revision: int) -> DecisionIn:
    return DecisionIn(
        state=DecisionInState.REJECTED,
        revision=revision,
        reason=DecisionReason.INSULT,
        moderator=moderator,
    )


outdated = decide_comment.sync(comment.id, client=client, body=decision_in(1))
decision = found(decide_comment.sync(comment.id, client=client, body=decision_in(edited.revision)))
batch = found(
    create_comments.sync(client=client, body=BatchIn(comments=[comment_in("Danke!", "anders")]))
)
history = found(get_comment_history.sync(comment.id, client=client))
judged = [
    item.facts.forms for item in history.items if isinstance(item, DecisionItem) if item.facts.forms
]
shown = {
    "posted": [posted.status_code, comment.state],
    "applied": posted.headers["Preference-Applied"],
    "edited": [edited.state, edited.revision, edited.decision.reasons[0].code],
    "thread": [titled.open_, titled.title],
    "risk": queue.items[0].risk,
    "outdated": outdated.type_ if isinstance(outdated, ProblemOut) else None,
    "decided": [decision.from_state, decision.state, decision.moderator.name],
    "batch": len(batch.items),
    "judged": len(judged),
}
print(json.dumps(shown))  # noqa: T201 - a program
