-- Views for people (sql/README has questions and their answers), made anew whenever this
-- text has changed. Every time stands three times: as epoch seconds for comparing, in UTC
-- and in the reader's local time. Bytes are named from the user's side: from_client is the
-- upload. NULL is "not known", or, of an end, "not ended".

-- Every session there is.
DROP VIEW IF EXISTS sessions;
CREATE VIEW sessions AS
SELECT
  session.id AS session,
  server.name AS server,
  user.name AS user,
  coalesce(session.typed, user.name) AS typed,             -- the user name as it was typed
  coalesce(session.common_name, user.name) AS common_name, -- of the certificate
  profile.name AS profile,                                 -- the tunnel
  chosen_by.name AS chosen_by,                             -- how it was chosen
  session.fell_back,                                       -- 1: another was wanted, and refused
  session.routes,                                          -- versions of those that are looked up
  client.program, client.platform,                         -- as the client said
  real.text AS real_address, session.real_port,            -- where the client came from last
  vpn4.text AS vpn_ipv4, vpn6.text AS vpn_ipv6,            -- its last addresses in the tunnel
  session.started,
  datetime(session.started, 'unixepoch') AS started_utc,
  datetime(session.started, 'unixepoch', 'localtime') AS started_local,
  session.ended,                                           -- the last moment it is known to have lived
  datetime(session.ended, 'unixepoch') AS ended_utc,
  datetime(session.ended, 'unixepoch', 'localtime') AS ended_local,
  session.gone_by,                                         -- where the end was not seen: at the latest
  datetime(session.gone_by, 'unixepoch') AS gone_by_utc,
  datetime(session.gone_by, 'unixepoch', 'localtime') AS gone_by_local,
  CASE WHEN session.ended IS NULL THEN 'open' ELSE coalesce(end_reason.name, 'not known') END AS end,
  CASE
    WHEN session.ended IS NULL THEN 'still open when last looked at'
    WHEN session.gone_by > session.ended OR end_reason.seen = 0 THEN 'the end was not seen'
    ELSE 'the end was seen'
  END AS certainty,
  end_reason.meaning AS end_meaning,
  coalesce(session.from_client, running.from_client) AS from_client,
  coalesce(session.to_client, running.to_client) AS to_client,
  running.last_seen,                                       -- of an open one
  datetime(running.last_seen, 'unixepoch') AS last_seen_utc,
  datetime(running.last_seen, 'unixepoch', 'localtime') AS last_seen_local
FROM session
JOIN user ON user.id = session.user
LEFT JOIN server_run ON server_run.id = session.run
LEFT JOIN server ON server.id = server_run.server
LEFT JOIN profile ON profile.id = session.profile
LEFT JOIN chosen_by ON chosen_by.id = session.chosen_by
LEFT JOIN client ON client.id = session.client
LEFT JOIN address AS real ON real.id = session.real
LEFT JOIN address AS vpn4 ON vpn4.id = session.vpn4
LEFT JOIN address AS vpn6 ON vpn6.id = session.vpn6
LEFT JOIN end_reason ON end_reason.id = session.end_reason
LEFT JOIN running ON running.session = session.id;

-- Those that are open.
DROP VIEW IF EXISTS open_sessions;
CREATE VIEW open_sessions AS
SELECT * FROM sessions WHERE session IN (SELECT id FROM session WHERE span = 8);

-- Who held which address when. One address may have had two holders at a time, by what is
-- known: where an end was not seen, `until` is the latest possible one.
DROP VIEW IF EXISTS holders;
CREATE VIEW holders AS
SELECT
  address.text AS address,
  CASE held.kind WHEN 0 THEN 'vpn' ELSE 'real' END AS kind,
  user.name AS user,
  held.session,
  server.name AS server,
  held.since,
  datetime(held.since, 'unixepoch') AS since_utc,
  datetime(held.since, 'unixepoch', 'localtime') AS since_local,
  held.until,                                              -- NULL: still held
  datetime(held.until, 'unixepoch') AS until_utc,
  datetime(held.until, 'unixepoch', 'localtime') AS until_local,
  CASE
    WHEN held.until IS NULL THEN 'still held when last looked at'
    WHEN session.gone_by >= held.until OR end_reason.seen = 0 THEN 'the end was not seen'
    ELSE 'the end was seen'
  END AS certainty
FROM address
JOIN held ON held.kind IN (0, 1) AND held.address = address.id
JOIN session ON session.id = held.session
JOIN user ON user.id = session.user
LEFT JOIN server_run ON server_run.id = session.run
LEFT JOIN server ON server.id = server_run.server
LEFT JOIN end_reason ON end_reason.id = session.end_reason;

-- Bytes of each session in each bucket of time.
DROP VIEW IF EXISTS traffic_over_time;
CREATE VIEW traffic_over_time AS
SELECT
  traffic.bucket,                                          -- its beginning
  datetime(traffic.bucket, 'unixepoch') AS bucket_utc,
  datetime(traffic.bucket, 'unixepoch', 'localtime') AS bucket_local,
  traffic.session,
  user.name AS user,
  traffic.from_client, traffic.to_client,
  datetime(traffic.since, 'unixepoch') AS since_utc        -- not NULL: nobody counted from then on
FROM traffic
JOIN session ON session.id = traffic.session
JOIN user ON user.id = session.user;

-- Bytes of each user on each day (UTC) through each server and tunnel.
DROP VIEW IF EXISTS usage_by_day;
CREATE VIEW usage_by_day AS
SELECT
  date(usage_day.day * 86400, 'unixepoch') AS day,
  user.name AS user,
  server.name AS server,
  profile.name AS profile,
  usage_day.from_client, usage_day.to_client
FROM usage_day
LEFT JOIN user ON user.id = usage_day.user
LEFT JOIN server ON server.id = usage_day.server
LEFT JOIN profile ON profile.id = usage_day.profile;

-- Bytes of each server and tunnel in each hour.
DROP VIEW IF EXISTS usage_by_hour;
CREATE VIEW usage_by_hour AS
SELECT
  datetime(usage_hour.hour * 3600, 'unixepoch') AS hour_utc,
  datetime(usage_hour.hour * 3600, 'unixepoch', 'localtime') AS hour_local,
  server.name AS server,
  profile.name AS profile,
  usage_hour.from_client, usage_hour.to_client
FROM usage_hour
LEFT JOIN server ON server.id = usage_hour.server
LEFT JOIN profile ON profile.id = usage_hour.profile;

-- Who was refused a tunnel, and why.
DROP VIEW IF EXISTS refusals;
CREATE VIEW refusals AS
SELECT
  refusal.id AS refusal,
  refusal.at,
  datetime(refusal.at, 'unixepoch') AS at_utc,
  datetime(refusal.at, 'unixepoch', 'localtime') AS at_local,
  server.name AS server,
  refusal.user, coalesce(refusal.typed, refusal.user) AS typed, refusal.common_name,
  refusal.wanted, refusal.reason,
  refusal.real AS real_address, refusal.real_port
FROM refusal
LEFT JOIN server ON server.id = refusal.server;

-- When and where something may be missing. Server NULL: everywhere.
DROP VIEW IF EXISTS gaps;
CREATE VIEW gaps AS
SELECT
  gap.id AS gap,
  gap_kind.name AS kind,
  server.name AS server,
  gap.began,
  datetime(gap.began, 'unixepoch') AS began_utc,
  datetime(gap.began, 'unixepoch', 'localtime') AS began_local,
  gap.ended,
  datetime(gap.ended, 'unixepoch') AS ended_utc,
  datetime(gap.ended, 'unixepoch', 'localtime') AS ended_local,
  CASE gap.covered WHEN 1 THEN 'sessions are complete all the same' ELSE 'sessions may be missing' END
    AS missing,
  gap.count, gap.reason, gap_kind.meaning
FROM gap
LEFT JOIN gap_kind ON gap_kind.id = gap.kind
LEFT JOIN server ON server.id = gap.server;

-- Each life of each OpenVPN server.
DROP VIEW IF EXISTS runs;
CREATE VIEW runs AS
SELECT
  server_run.id AS run,
  server.name AS server,
  server_run.pid,
  server_run.began,
  datetime(server_run.began, 'unixepoch') AS began_utc,
  datetime(server_run.began, 'unixepoch', 'localtime') AS began_local,
  server_run.ended,
  datetime(server_run.ended, 'unixepoch') AS ended_utc,
  datetime(server_run.ended, 'unixepoch', 'localtime') AS ended_local,
  CASE WHEN server_run.ended IS NULL THEN 'runs' ELSE coalesce(end_reason.name, 'not known') END AS end,
  server_run.spool
FROM server_run
LEFT JOIN server ON server.id = server_run.server
LEFT JOIN end_reason ON end_reason.id = server_run.end_reason;
