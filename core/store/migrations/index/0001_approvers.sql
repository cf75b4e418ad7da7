ALTER TABLE `holds` ADD `approvers` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `holds` ADD `approved_by` text;