"""Reads the policy that is active on each site."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, and_, col, select

from service.tables import Policy, Site


@dataclass(frozen=True)
class ActivePolicy:
    """The policy that is active on a site; `document` is None if that version is missing."""

    version: int
    document: Mapping[str, Any] | None


def read_active_policies(session: Session, site_ids: Collection[UUID]) -> dict[UUID, ActivePolicy]:
    """Return the active policy of each of these sites, by site."""
    rows = session.exec(
        select(Site.id, Site.active_policy, Policy.document)
        .join(
            Policy,
            and_(
                col(Policy.site_id).in_(site_ids),
                col(Policy.site_id) == col(Site.id),
                col(Policy.version) == col(Site.active_policy),
            ),
            isouter=True,
        )
        .where(col(Site.id).in_(site_ids))
    )
    return {site_id: ActivePolicy(version, document) for site_id, version, document in rows}
