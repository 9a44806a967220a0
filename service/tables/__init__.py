"""The tables, in the vocabulary of the domain.

`table=True` classes validate nothing. The schemas check requests, and the constraints
here guard what must never be broken. Every row that belongs to a site has its `site_id`
(invariant 7), also where a join could find it.
"""

from service.tables.analyses import Analysis, Label
from service.tables.columns import JSON_TYPE, UtcDateTime
from service.tables.comments import SPENT_ATTEMPTS, Assessment, Comment, Decision, Report, Revision
from service.tables.events import Event
from service.tables.requests import Erasure, IdempotentRequest
from service.tables.retention import Retention
from service.tables.scorers import SCORER_SILENT_AFTER, ActiveModel, Scorer
from service.tables.sites import Moderator, Policy, Site, SiteKey
from service.tables.threads import Member, Thread
from service.tables.webhooks import Delivery, Endpoint, WebhookMessage

__all__ = [
    "JSON_TYPE",
    "SCORER_SILENT_AFTER",
    "SPENT_ATTEMPTS",
    "ActiveModel",
    "Analysis",
    "Assessment",
    "Comment",
    "Decision",
    "Delivery",
    "Endpoint",
    "Erasure",
    "Event",
    "IdempotentRequest",
    "Label",
    "Member",
    "Moderator",
    "Policy",
    "Report",
    "Retention",
    "Revision",
    "Scorer",
    "Site",
    "SiteKey",
    "Thread",
    "UtcDateTime",
    "WebhookMessage",
]
