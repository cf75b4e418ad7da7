CREATE TABLE `credentials` (
	`id` text PRIMARY KEY NOT NULL,
	`identity` text NOT NULL,
	`iterations` integer NOT NULL,
	`salt` blob NOT NULL,
	`stored_key` blob NOT NULL,
	`server_key` blob NOT NULL,
	`issued_at` integer NOT NULL,
	`expires` integer NOT NULL,
	`once` integer DEFAULT false NOT NULL,
	`from` text,
	`grant` text,
	`used_at` integer,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE INDEX `credentials_expires` ON `credentials` (`expires`);--> statement-breakpoint
CREATE TABLE `endings` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`at` integer NOT NULL,
	`of` text NOT NULL,
	`key` text NOT NULL,
	`blocks` integer NOT NULL,
	`reason` text NOT NULL,
	`by` text NOT NULL,
	`lifted_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `endings_id_unique` ON `endings` (`id`);--> statement-breakpoint
CREATE INDEX `endings_key` ON `endings` (`key`);--> statement-breakpoint
CREATE TABLE `grant_requests` (
	`id` text PRIMARY KEY NOT NULL,
	`identity` text NOT NULL,
	`resource` text NOT NULL,
	`rules` text NOT NULL,
	`for` integer NOT NULL,
	`because` text,
	`ticket` text,
	`opened_at` integer NOT NULL,
	`expires` integer NOT NULL,
	`by` text NOT NULL,
	`approvers` integer NOT NULL,
	`approved` text NOT NULL,
	`digest` text NOT NULL,
	`ended_at` integer,
	`how` text
);
--> statement-breakpoint
CREATE TABLE `grants` (
	`id` text PRIMARY KEY NOT NULL,
	`request` text NOT NULL,
	`identity` text NOT NULL,
	`resource` text NOT NULL,
	`rules` text NOT NULL,
	`from` integer NOT NULL,
	`until` integer NOT NULL,
	`by` text NOT NULL,
	`because` text,
	`ticket` text,
	`break_glass` integer NOT NULL,
	`ended_at` integer
);
--> statement-breakpoint
CREATE INDEX `grants_until` ON `grants` (`until`);--> statement-breakpoint
CREATE TABLE `leases` (
	`id` text PRIMARY KEY NOT NULL,
	`resource` text NOT NULL,
	`session` text NOT NULL,
	`gateway` text NOT NULL,
	`worker` integer NOT NULL,
	`what` text NOT NULL,
	`made_at` integer NOT NULL,
	`until` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `seen` (
	`key` text PRIMARY KEY NOT NULL,
	`until` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `seen_until` ON `seen` (`until`);