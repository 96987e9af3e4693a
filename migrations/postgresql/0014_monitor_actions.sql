-- The command that a monitor issues with each of its alerts: `pause` or `stop`; NULL for none.

ALTER TABLE monitors ADD COLUMN action TEXT COLLATE "C";
