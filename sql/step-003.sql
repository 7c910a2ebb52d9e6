-- Step 3: what a later record may yet explain.
--
-- OpenVPN reports the end of a session before anybody sees what it was: the same user
-- connected anew, or the server went, too. A daemon that is killed in between finds here
-- whose ends it had not finished with. Rows stay for some seconds.

CREATE TABLE ended_lately (
  session INTEGER PRIMARY KEY,
  ended   INTEGER NOT NULL,
  boot_ms INTEGER -- of the end, by the clock that cannot be set; NULL: not known
) STRICT;

PRAGMA user_version = 3;
