"""Moderators: the persons who decide, known by account or asserted by a site's backend."""
