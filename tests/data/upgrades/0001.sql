-- A newspaper's database as schema 0001 holds it: a row of every table at least.
-- Written by hand and never changed: what is here must survive every upgrade.
-- Valid on SQLite (ids without dashes, times in UTC without a zone) and on Postgres.
-- The token of the site key is nq_UpgradeTestAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
INSERT INTO site (id, key, name, active_policy, event_sequence, events_deleted, created_at)
VALUES ('0193f0c0000070008000000000000001', 'morgenblatt', 'Morgenblatt', 1, 2, 0, '2026-01-05 08:00:00.000000');

INSERT INTO policy (site_id, version, document, created_at)
VALUES ('0193f0c0000070008000000000000001', 1, '{"flag_at": {"toxicity": 0.5}, "required": ["toxicity"], "report_limit": 3}', '2026-01-05 08:00:00.000000');

INSERT INTO site_key (id, site_id, name, prefix, secret_sha256, scopes, rate, created_at, revoked_at)
VALUES ('0193f0c0000070008000000000000002', '0193f0c0000070008000000000000001', 'backend', 'nq_UpgradeT', '7aa0d4f0f7a6df40fe0853288bd12a6ad301fabc981be436df099d601747ca53',
        '["admin", "comments", "review"]', '50/second', '2026-01-05 08:00:00.000000', NULL);

INSERT INTO moderator (id, site_id, key, name, email, password_hash, lead, created_at)
VALUES ('0193f0c0000070008000000000000003', '0193f0c0000070008000000000000001', 'petra', 'Petra', 'petra@morgenblatt.example', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA', TRUE, '2026-01-05 08:00:00.000000');

INSERT INTO thread (id, site_id, key, url, title, open, moderation, created_at)
VALUES ('0193f0c0000070008000000000000004', '0193f0c0000070008000000000000001', 'radweg', 'https://morgenblatt.example/radweg', 'Der neue Radweg', TRUE, 'post', '2026-01-05 08:00:00.000000');

INSERT INTO member (id, site_id, key, name, status, status_reason, status_until, created_at)
VALUES ('0193f0c0000070008000000000000005', '0193f0c0000070008000000000000001', 'lena', 'Lena', 'active', NULL, NULL, '2026-01-05 08:00:00.000000'),
       ('0193f0c0000070008000000000000006', '0193f0c0000070008000000000000001', 'max', 'Max', 'suspended', 'Dreimal beleidigt', '2026-02-01 00:00:00.000000', '2026-01-05 08:00:00.000000'),
       ('0193f0c0000070008000000000000012', '0193f0c0000070008000000000000001', 'erased-1f3a', NULL, 'active', NULL, NULL, '2026-01-05 08:00:00.000000');

-- One approved by the policy, a reply that a moderator has flagged and claims, one erased.
INSERT INTO comment (id, site_id, thread_id, member_id, parent_id, external_id, audience, language, state,
                     revision, created_at, edited_at, lane, pending_since, lease, leased_until, attempts,
                     claimed_by, claimed_until, risk)
VALUES ('0193f0c0000070008000000000000007', '0193f0c0000070008000000000000001', '0193f0c0000070008000000000000004', '0193f0c0000070008000000000000005', NULL, 'ext-1', 'public', 'de', 'approved',
        2, '2026-01-05 08:01:00.000000', '2026-01-05 08:02:00.000000', 1, '2026-01-05 08:02:00.000000', NULL, NULL, 0, NULL, NULL, 0.04),
       ('0193f0c0000070008000000000000008', '0193f0c0000070008000000000000001', '0193f0c0000070008000000000000004', '0193f0c0000070008000000000000006', '0193f0c0000070008000000000000007', NULL, 'members', NULL, 'flagged',
        1, '2026-01-05 08:03:00.000000', NULL, 2, '2026-01-05 08:03:00.000000', NULL, NULL, 0, '0193f0c0000070008000000000000003', '2026-01-05 08:09:00.000000', 1.8),
       ('0193f0c0000070008000000000000013', '0193f0c0000070008000000000000001', '0193f0c0000070008000000000000004', '0193f0c0000070008000000000000012', NULL, NULL, 'public', NULL, 'withdrawn',
        1, '2026-01-05 08:01:00.000000', NULL, 1, '2026-01-05 08:01:00.000000', NULL, NULL, 0, NULL, NULL, NULL);

INSERT INTO revision (comment_id, number, site_id, body, created_at)
VALUES ('0193f0c0000070008000000000000007', 1, '0193f0c0000070008000000000000001', 'Schöner Radweg.', '2026-01-05 08:01:00.000000'),
       ('0193f0c0000070008000000000000007', 2, '0193f0c0000070008000000000000001', 'Schöner, breiter Radweg. 🚲', '2026-01-05 08:02:00.000000'),
       ('0193f0c0000070008000000000000008', 1, '0193f0c0000070008000000000000001', 'Du hast doch keine Ahnung, du Pfeife.', '2026-01-05 08:03:00.000000'),
       ('0193f0c0000070008000000000000013', 1, '0193f0c0000070008000000000000001', '', '2026-01-05 08:01:00.000000');

INSERT INTO assessment (id, site_id, comment_id, revision, model, scores, spans, language, forms, provenance,
                        duration, created_at)
VALUES ('0193f0c0000070008000000000000009', '0193f0c0000070008000000000000001', '0193f0c0000070008000000000000007', 2, 'abababababababababababababababababababababababababababababababab', '{"toxicity": 0.02}', '[]', 'de',
        '{"plain": {"toxicity": 0.02}}', '{"engine": "onnx"}', 0.012, '2026-01-05 08:02:00.000000'),
       ('0193f0c000007000800000000000000a', '0193f0c0000070008000000000000001', '0193f0c0000070008000000000000008', 1, 'abababababababababababababababababababababababababababababababab', '{"toxicity": 0.9}',
        '[{"start": 29, "end": 36, "scores": {"toxicity": 0.9}}]', 'de',
        '{"plain": {"toxicity": 0.9}}', '{"engine": "onnx"}', 0.014, '2026-01-05 08:03:00.000000');

INSERT INTO decision (id, site_id, comment_id, revision, from_state, to_state, actor, policy, moderator_id,
                      assessment_id, reasons, note, undoes, facts, created_at)
VALUES ('0193f0c000007000800000000000000b', '0193f0c0000070008000000000000001', '0193f0c0000070008000000000000007', 2, 'pending', 'approved', 'policy', 1, NULL, '0193f0c0000070008000000000000009', '[]',
        NULL, NULL, '{"forms": {"plain": {"toxicity": 0.02}}}', '2026-01-05 08:02:00.000000'),
       ('0193f0c000007000800000000000000c', '0193f0c0000070008000000000000001', '0193f0c0000070008000000000000008', 1, 'pending', 'flagged', 'moderator', NULL, '0193f0c0000070008000000000000003', NULL,
        '[{"code": "insult"}]', 'Wiederholt.', NULL, '{}', '2026-01-05 08:04:00.000000');

INSERT INTO report (id, site_id, comment_id, revision, reporter_id, reason, note, created_at, resolved_at, resolved_by)
VALUES ('0193f0c000007000800000000000000d', '0193f0c0000070008000000000000001', '0193f0c0000070008000000000000008', 1, '0193f0c0000070008000000000000005', 'insult', 'Das geht zu weit.', '2026-01-05 08:03:00.000000', '2026-01-05 08:04:00.000000', '0193f0c000007000800000000000000c');

-- Numbered 1 and 2; the third is due, and gets its number after the upgrade.
INSERT INTO event (id, site_id, type, comment_id, revision, decision_id, report_id, member_id, facts, due_at,
                   sequence, numbered_at, cancelled_at, created_at)
VALUES ('0193f0c000007000800000000000000e', '0193f0c0000070008000000000000001', 'comment.approved', '0193f0c0000070008000000000000007', 2, '0193f0c000007000800000000000000b', NULL, NULL, '{}', '2026-01-05 08:02:00.000000', 1, '2026-01-05 08:02:00.000000', NULL, '2026-01-05 08:02:00.000000'),
       ('0193f0c000007000800000000000000f', '0193f0c0000070008000000000000001', 'report.received', '0193f0c0000070008000000000000008', 1, NULL, '0193f0c000007000800000000000000d', NULL, '{}', '2026-01-05 08:03:00.000000', 2, '2026-01-05 08:03:00.000000', NULL, '2026-01-05 08:03:00.000000'),
       ('0193f0c0000070008000000000000010', '0193f0c0000070008000000000000001', 'comment.flagged', '0193f0c0000070008000000000000008', 1, '0193f0c000007000800000000000000c', NULL, NULL, '{}', '2026-01-05 08:04:00.000000', NULL, NULL, NULL, '2026-01-05 08:04:00.000000');

INSERT INTO erasure (id, site_id, member_id, requested_at, completed_at, comments)
VALUES ('0193f0c0000070008000000000000011', '0193f0c0000070008000000000000001', '0193f0c0000070008000000000000012', '2026-01-05 08:05:00.000000', '2026-01-05 08:06:00.000000', 1);

INSERT INTO idempotent_request (site_id, key, comment_id, fingerprint, status, answer, in_flight_until, created_at)
VALUES ('0193f0c0000070008000000000000001', 'retry-1', '0193f0c0000070008000000000000007', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 202, '{"revision": 1}', NULL, '2026-01-05 08:01:00.000000');

INSERT INTO scorer (id, model, started_at, seen_at)
VALUES ('worker-1:17', 'abababababababababababababababababababababababababababababababab', '2026-01-05 08:00:00.000000', '2026-01-05 08:07:00.000000');
INSERT INTO active_model (id, name, model, chosen_at) VALUES
 (1, 'netiquette-de-en', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '2026-11-02 10:00:00');

-- It fails: one event is given up, and one waits.
INSERT INTO endpoint (id, site_id, url, description, events, include_body, rate, secret, old_secret, old_secret_until,
                      queued_sequence, failures, failing_since, next_attempt_at, disabled_at, disabled_reason,
                      lease, leased_until, created_at)
VALUES ('0193f0c0000070008000000000000013', '0193f0c0000070008000000000000001', 'https://cms.morgenblatt.example/netiquette', 'CMS', '["comment.approved", "report.received"]', TRUE, 50, 'gAAAAA', NULL, NULL,
        2, 1, '2026-01-05 08:03:00.000000', '2026-01-05 08:08:00.000000', NULL, NULL, NULL, NULL, '2026-01-05 08:00:00.000000');

INSERT INTO webhook_message (endpoint_id, sequence, site_id, subject, tells_state, supersedes, attempts, refusals,
                             first_failed_at, due_at, failed_at)
VALUES ('0193f0c0000070008000000000000013', 1, '0193f0c0000070008000000000000001', '0193f0c0000070008000000000000007', TRUE, '[]', 9, 9, '2026-01-01 08:00:00.000000', '2026-01-05 08:03:00.000000', '2026-01-06 08:00:00.000000'),
       ('0193f0c0000070008000000000000013', 2, '0193f0c0000070008000000000000001', '0193f0c0000070008000000000000008', FALSE, '[]', 1, 0, '2026-01-05 08:03:00.000000', '2026-01-05 08:03:00.000000', NULL);

INSERT INTO delivery (id, site_id, endpoint_id, event_id, sequence, type, subject, attempt, url, size, outcome, status,
                      response, duration, created_at)
VALUES ('0193f0c0000070008000000000000014', '0193f0c0000070008000000000000001', '0193f0c0000070008000000000000013', '0193f0c000007000800000000000000f', 2, 'report.received', '0193f0c0000070008000000000000008', 1, 'https://cms.morgenblatt.example/netiquette', 812, 'refused', 500, 'Oops', 0.2, '2026-01-05 08:03:00.000000');

INSERT INTO analysis (id, site_id, body, deadline, lease, result, created_at)
VALUES ('0193f0c0000070008000000000000015', '0193f0c0000070008000000000000001', 'Wie toxisch ist das?', '2026-01-05 08:09:10.000000', NULL, NULL, '2026-01-05 08:09:00.000000');

INSERT INTO label (id, site_id, origin, body, body_sha256, scores, languages, community, created_at)
VALUES ('0193f0c0000070008000000000000016', '0193f0c0000070008000000000000001', 'perspective', 'Das ist harmlos.', 'efefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefef', '{"toxicity": 0.0}', '["de"]', NULL, '2026-01-05 08:09:00.000000');
