-- Step 4: when the server of a spool was last seen to live.

-- All of the spool was read then, so its open sessions lived, too. A daemon that was killed
-- wrote other rows since without having looked. NULL: not known.
ALTER TABLE spool_position ADD COLUMN alive_at INTEGER;

PRAGMA user_version = 4;
