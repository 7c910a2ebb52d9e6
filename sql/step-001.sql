-- Step 1: the tables.
--
-- Times are epoch seconds (UTC). Bytes are named from the user's side: from_client
-- is the upload, to_client the download; NULL is "not known", never 0. Names that
-- came from the network are valid UTF-8 without control characters. People read the
-- views of views.sql; these tables are laid out for size and speed.

-- ── words ── each stands once, rows refer to it by number

CREATE TABLE user (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE profile (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- How a profile was chosen: default, username-suffix, menu, ... (lib/choice.h).
CREATE TABLE chosen_by (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- The client's program and platform, as it announced them.
CREATE TABLE client (
  id       INTEGER PRIMARY KEY,
  program  TEXT NOT NULL,
  platform TEXT NOT NULL,
  UNIQUE (program, platform)
) STRICT;

-- Addresses in their canonical text form, VPN addresses and real ones.
CREATE TABLE address (
  id   INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;

-- Why a session or a server run ended, and whether its end was seen.
CREATE TABLE end_reason (
  id      INTEGER PRIMARY KEY,
  name    TEXT NOT NULL UNIQUE,
  seen    INTEGER NOT NULL, -- 1: somebody saw the end; 0: it is known only that it ended by gone_by
  meaning TEXT NOT NULL
) STRICT;
INSERT INTO end_reason VALUES
  (1, 'disconnected',   1, 'OpenVPN reported the end with the final byte counts'),
  (2, 'silent',         1, 'the same, after nothing had come from the client for a while: probably a timeout'),
  (3, 'replaced',       1, 'the same user connected anew, which ended this session'),
  (4, 'vanished',       1, 'OpenVPN dropped the connection without reporting an end'),
  (5, 'server-restart', 1, 'the OpenVPN server restarted inside (SIGUSR1, SIGHUP)'),
  (6, 'server-stop',    1, 'the OpenVPN server was stopped'),
  (7, 'server-died',    0, 'the OpenVPN process ended without saying so (kill -9, crash, power)'),
  (8, 'gone',           0, 'OpenVPN no longer listed the session'),
  (9, 'lost-sight',     0, 'the server was never heard of again');

-- Length classes: the class of an interval is the lowest whose `longest` it does not
-- exceed. With the class in front of an index, "which intervals contain T" reads only
-- starts between T - longest and T of each class, whatever the size of the table.
CREATE TABLE span (
  class   INTEGER PRIMARY KEY,
  longest INTEGER NOT NULL -- seconds
) STRICT;
INSERT INTO span VALUES
  (0, 900), (1, 3600), (2, 14400), (3, 57600), (4, 230400), (5, 921600), (6, 3686400),
  (7, 9223372036), -- longer still
  (8, 9223372036); -- not ended

-- ── servers ──

CREATE TABLE server (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  spool_name TEXT -- the `daemon` its spool files name, once a process id has matched
) STRICT;

-- One life of an OpenVPN server between two (re)starts; client ids begin at 0 in each.
CREATE TABLE server_run (
  id           INTEGER PRIMARY KEY,
  server       INTEGER NOT NULL REFERENCES server,
  pid          INTEGER,
  daemon_start INTEGER,          -- OpenVPN's daemon_start_time, from the spool
  connected_at INTEGER,          -- of its CONNECTED state, from the management socket
  began        INTEGER NOT NULL,
  ended        INTEGER,          -- NULL: runs, as far as is known
  end_reason   INTEGER REFERENCES end_reason,
  spool        TEXT              -- its spool file; NULL: no plugin there
) STRICT;
CREATE INDEX server_run_by_server ON server_run (server, began);

-- ── sessions ──

CREATE TABLE session (
  id          INTEGER PRIMARY KEY,
  run         INTEGER NOT NULL REFERENCES server_run,
  user        INTEGER NOT NULL REFERENCES user,
  started     INTEGER NOT NULL,
  ended       INTEGER, -- the last moment it is known to have lived; NULL: open
  gone_by     INTEGER, -- where the end was not seen: it had ended at the latest then; NULL: at `ended`
  span        INTEGER NOT NULL REFERENCES span, -- of started to coalesce(gone_by, ended)
  end_reason  INTEGER REFERENCES end_reason,
  from_client INTEGER, -- final; of an open session see `running`
  to_client   INTEGER,
  profile     INTEGER REFERENCES profile, -- NULL: no plugin there
  chosen_by   INTEGER REFERENCES chosen_by,
  fell_back   INTEGER, -- 1: another profile was wanted and refused, and the default given
  client      INTEGER REFERENCES client,
  real        INTEGER REFERENCES address, -- the last; NULL: pruned or not known
  real_port   INTEGER,
  vpn4        INTEGER REFERENCES address,
  vpn6        INTEGER REFERENCES address,
  cid         INTEGER, -- OpenVPN's client id in its run; NULL once ended, as the next
  number      INTEGER, -- the session's number in its spool file
  handshake   INTEGER, -- seconds from the client's first packet to `started`
  typed       TEXT,    -- the user name as it was typed; NULL: the user's name
  common_name TEXT     -- NULL: the user's name
) STRICT;
CREATE INDEX session_by_user ON session (user, started);
-- With all that `byway sessions` sorts by: the largest of millions are found in it alone.
CREATE INDEX session_by_span ON session (span, started, ended, gone_by, from_client);

-- What changes while a session is open. Counters are cumulative; the epoch is the sum
-- of the counters that ended by falling, and is contained in from_client and to_client.
CREATE TABLE running (
  session     INTEGER PRIMARY KEY REFERENCES session,
  last_seen   INTEGER NOT NULL,
  from_client INTEGER,
  to_client   INTEGER,
  counted_at  INTEGER,           -- when these counts were true
  epoch_from  INTEGER NOT NULL,
  epoch_to    INTEGER NOT NULL,
  bucket      INTEGER NOT NULL,  -- the bucket under way, and the counts at its beginning
  base_from   INTEGER NOT NULL,
  base_to     INTEGER NOT NULL,
  base_at     INTEGER NOT NULL   -- when the base was true
) STRICT;

-- Who held which address when; `until` is the latest possible end.
CREATE TABLE held (
  kind    INTEGER NOT NULL, -- 0: VPN address, 1: real address
  address INTEGER NOT NULL REFERENCES address,
  span    INTEGER NOT NULL REFERENCES span,
  since   INTEGER NOT NULL,
  session INTEGER NOT NULL REFERENCES session,
  until   INTEGER,          -- NULL: still held
  PRIMARY KEY (kind, address, span, since, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX held_now ON held (session) WHERE until IS NULL;
-- The addresses a session gave up before its end; the last ones are in its row.
CREATE TABLE held_before (
  session INTEGER NOT NULL REFERENCES session,
  kind    INTEGER NOT NULL,
  address INTEGER NOT NULL REFERENCES address,
  since   INTEGER NOT NULL,
  until   INTEGER NOT NULL,
  PRIMARY KEY (session, kind, address, since)
) STRICT, WITHOUT ROWID;

-- ── traffic ──

-- Bytes of one session in one bucket (the bucket's length is the daemon's `bucket`).
CREATE TABLE traffic (
  bucket      INTEGER NOT NULL, -- its beginning
  session     INTEGER NOT NULL REFERENCES session,
  from_client INTEGER NOT NULL,
  to_client   INTEGER NOT NULL,
  since       INTEGER, -- where nobody counted for longer than a bucket: the bytes are of since..bucket's end
  PRIMARY KEY (bucket, session)
) STRICT, WITHOUT ROWID;

-- Sums of the same, for questions about weeks. Days and hours are UTC.
CREATE TABLE usage_day (
  day         INTEGER NOT NULL, -- days since 1970-01-01
  user        INTEGER NOT NULL REFERENCES user,
  server      INTEGER NOT NULL REFERENCES server,
  profile     INTEGER NOT NULL, -- 0: none
  from_client INTEGER NOT NULL,
  to_client   INTEGER NOT NULL,
  PRIMARY KEY (day, user, server, profile)
) STRICT, WITHOUT ROWID;
CREATE TABLE usage_hour (
  hour        INTEGER NOT NULL, -- hours since 1970-01-01
  server      INTEGER NOT NULL REFERENCES server,
  profile     INTEGER NOT NULL,
  from_client INTEGER NOT NULL,
  to_client   INTEGER NOT NULL,
  PRIMARY KEY (hour, server, profile)
) STRICT, WITHOUT ROWID;

-- ── what else is remembered ──

-- Clients that were refused a tunnel. Names stand here as text: they may be anybody's.
CREATE TABLE refusal (
  id          INTEGER PRIMARY KEY,
  at          INTEGER NOT NULL,
  server      INTEGER NOT NULL REFERENCES server,
  user        TEXT,
  typed       TEXT, -- NULL: as `user`
  common_name TEXT,
  wanted      TEXT,
  reason      TEXT,
  real        TEXT,
  real_port   INTEGER
) STRICT;
CREATE INDEX refusal_by_time ON refusal (at);
CREATE INDEX refusal_by_user ON refusal (user, at);

CREATE TABLE gap_kind (
  id      INTEGER PRIMARY KEY,
  name    TEXT NOT NULL UNIQUE,
  meaning TEXT NOT NULL
) STRICT;
INSERT INTO gap_kind VALUES
  (1, 'not-watched',  'the daemon had no connection to the server'),
  (2, 'spool-lost',   'the plugin could not write some of its records (see `count`)'),
  (3, 'spool-damaged','lines of the spool could not be read (see `count`)'),
  (4, 'overload',     'more waited for the database than memory was allowed for (see `count`)'),
  (5, 'clock',        'the system clock was set; times around it are doubtful by `count` seconds');

-- When and where something may be missing.
CREATE TABLE gap (
  id      INTEGER PRIMARY KEY,
  kind    INTEGER NOT NULL REFERENCES gap_kind,
  server  INTEGER REFERENCES server, -- NULL: every server
  began   INTEGER NOT NULL,
  ended   INTEGER,          -- NULL: lasts
  covered INTEGER NOT NULL, -- 1: the plugin's spool tells of the sessions of that time all the same
  count   INTEGER,
  reason  TEXT
) STRICT;
CREATE INDEX gap_by_time ON gap (began, ended);

-- How far each spool file was read. A row is deleted with its file.
CREATE TABLE spool_position (
  file     TEXT PRIMARY KEY,
  run      INTEGER NOT NULL REFERENCES server_run,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: the daemon itself.
CREATE TABLE recorder (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  alive_at INTEGER,          -- at least every few seconds while it runs
  stopped  INTEGER NOT NULL, -- 1: it left in good order
  bucket_s INTEGER NOT NULL, -- length of a traffic bucket
  batch    INTEGER NOT NULL  -- the last batch written, so that none is written twice
) STRICT;

-- How far retention has come (kind: real-addresses, ...; see prune.sql).
CREATE TABLE pruned (
  kind   TEXT NOT NULL,
  class  INTEGER NOT NULL,
  up_to  INTEGER NOT NULL,
  PRIMARY KEY (kind, class)
) STRICT, WITHOUT ROWID;

-- Of which text of views.sql the views are (see store_schema.c).
CREATE TABLE views (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  hash INTEGER NOT NULL
) STRICT;

PRAGMA application_id = 0x42595741;
PRAGMA user_version = 1;
