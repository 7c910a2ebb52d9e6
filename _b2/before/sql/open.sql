-- How the daemon writes. The WAL is copied back when the daemon says so (store_checkpoint),
-- not within a commit; a WAL that has been large is cut to 4 MiB when it is used anew.
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA wal_autocheckpoint = 0;
PRAGMA journal_size_limit = 4194304;
PRAGMA cache_size = -16384;
