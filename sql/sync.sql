-- When a commit is on the disk: with the next checkpoint, as usual (open.sql), or at once. With
-- FULL every commit ends with a sync of the WAL, and so of all that was committed before it.
-- A pragma counts when it is prepared, so these are prepared each time.

-- name: later
PRAGMA synchronous = NORMAL;
-- name: at-once
PRAGMA synchronous = FULL;
