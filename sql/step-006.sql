-- Step 6: how far the clock was right.

-- If it was put forward wrongly (or came up so), that was not before `clock_right`; the time
-- that it showed when it began to run as it does. NULL: not known.
ALTER TABLE recorder ADD COLUMN clock_right INTEGER;
ALTER TABLE recorder ADD COLUMN clock_since INTEGER;

PRAGMA user_version = 6;
