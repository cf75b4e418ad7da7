CREATE TABLE `records` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
