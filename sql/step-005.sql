-- Step 5: clients that nobody refers to are found.

-- What a client says of itself is anybody's text, so there may be as many of them as logins.
-- Usually there are some dozens of versions and platforms: the first thousand stay, and cost
-- sessions nothing. Those beyond it go with their last session (prune.sql).
CREATE INDEX session_by_client ON session (client) WHERE client > 1000;

PRAGMA user_version = 5;
