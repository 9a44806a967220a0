"""The states of a comment and every transition between them, as one table."""

from enum import StrEnum


class State(StrEnum):
    """The state of a comment.

    - `pending`: not decided yet; readers do not see it, except for at most five minutes on a
      thread with `post` moderation
    - `approved`: readers see it
    - `flagged`: withheld; it waits for a moderator
    - `rejected`: a moderator, or the policy, has refused it
    - `withdrawn`: its author took it back, or was erased; nothing leads out of this state
    """

    PENDING = "pending"
    APPROVED = "approved"
    FLAGGED = "flagged"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Actor(StrEnum):
    """The actors that can change a comment's state.

    - `policy`: the site's policy, by the scores and other facts
    - `moderator`: a person
    - `system`: the service itself, where scoring failed for good or the member was erased
    - `author`: an edit or a withdrawal
    """

    POLICY = "policy"
    MODERATOR = "moderator"
    SYSTEM = "system"
    AUTHOR = "author"


DECIDED = frozenset({State.APPROVED, State.FLAGGED, State.REJECTED})
STANDING = DECIDED | {State.PENDING}

TRANSITIONS: dict[Actor, dict[State, frozenset[State]]] = {
    # From approved to flagged: more reports than the limit.
    Actor.POLICY: {State.PENDING: DECIDED, State.APPROVED: frozenset({State.FLAGGED})},
    # To withdrawn: the member is erased.
    Actor.SYSTEM: {
        State.PENDING: frozenset({State.FLAGGED, State.WITHDRAWN}),
        **dict.fromkeys(DECIDED, frozenset({State.WITHDRAWN})),
    },
    Actor.MODERATOR: dict.fromkeys(STANDING, DECIDED),
    Actor.AUTHOR: {
        State.PENDING: frozenset({State.PENDING, State.WITHDRAWN}),
        State.FLAGGED: frozenset({State.PENDING, State.WITHDRAWN}),
        State.APPROVED: frozenset({State.PENDING, State.WITHDRAWN}),
        State.REJECTED: frozenset({State.WITHDRAWN}),
    },
}


def may_undo(source: State, target: State) -> bool:
    """Tell whether undoing a moderator's decision may take a comment from `source` to `target`."""
    return source in DECIDED and target in STANDING


def may_change(actor: Actor, source: State, target: State) -> bool:
    """Tell whether `actor` may take a comment from `source` to `target`."""
    return target in TRANSITIONS[actor].get(source, frozenset())
