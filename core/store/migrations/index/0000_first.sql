CREATE TABLE `block_sessions` (
	`session` text NOT NULL,
	`stream` text NOT NULL,
	`first` integer NOT NULL,
	PRIMARY KEY(`session`, `stream`, `first`)
);
--> statement-breakpoint
CREATE INDEX `block_sessions_block` ON `block_sessions` (`stream`,`first`);--> statement-breakpoint
CREATE TABLE `blocks` (
	`stream` text NOT NULL,
	`first` integer NOT NULL,
	`last` integer NOT NULL,
	`position` text NOT NULL,
	`earliest` integer NOT NULL,
	`latest` integer NOT NULL,
	PRIMARY KEY(`stream`, `first`)
);
--> statement-breakpoint
CREATE INDEX `blocks_latest` ON `blocks` (`latest`);--> statement-breakpoint
CREATE TABLE `entries` (
	`stream` text NOT NULL,
	`seq` integer NOT NULL,
	`time` integer NOT NULL,
	`kind` text NOT NULL,
	`session` text,
	`identity` text,
	`acting_for` text,
	`resource` text,
	`text` text,
	`effects` text,
	`rule` text,
	`verdict` text,
	`policy` text,
	`json` text NOT NULL,
	PRIMARY KEY(`stream`, `seq`)
);
--> statement-breakpoint
CREATE INDEX `entries_time` ON `entries` (`time`,`stream`,`seq`);--> statement-breakpoint
CREATE INDEX `entries_session` ON `entries` (`session`,`time`);--> statement-breakpoint
CREATE INDEX `entries_identity` ON `entries` (`identity`,`time`);--> statement-breakpoint
CREATE INDEX `entries_resource` ON `entries` (`resource`,`time`);--> statement-breakpoint
CREATE TABLE `holds` (
	`id` text PRIMARY KEY NOT NULL,
	`session` text NOT NULL,
	`identity` text NOT NULL,
	`resource` text NOT NULL,
	`text` text NOT NULL,
	`actions` text NOT NULL,
	`parameters` text,
	`types` text,
	`findings` text,
	`batch` integer,
	`in_transaction` integer NOT NULL,
	`by` text NOT NULL,
	`approvers` integer DEFAULT 1 NOT NULL,
	`approved_by` text,
	`digest` text NOT NULL,
	`opened_at` integer NOT NULL,
	`expires` integer NOT NULL,
	`ended_at` integer,
	`how` text,
	`ended_by` text,
	`because` text
);
--> statement-breakpoint
CREATE INDEX `holds_opened` ON `holds` (`opened_at`);--> statement-breakpoint
CREATE TABLE `positions` (
	`stream` text PRIMARY KEY NOT NULL,
	`position` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`stream` text NOT NULL,
	`identity` text NOT NULL,
	`subject` text NOT NULL,
	`acting_for` text,
	`resource` text NOT NULL,
	`protocol` text NOT NULL,
	`remote` text NOT NULL,
	`application` text,
	`policy` text NOT NULL,
	`opened_at` integer NOT NULL,
	`closed_at` integer,
	`reason` text,
	`operations` integer,
	`recording` text
);
--> statement-breakpoint
CREATE INDEX `sessions_opened` ON `sessions` (`opened_at`);