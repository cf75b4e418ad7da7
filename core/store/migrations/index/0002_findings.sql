ALTER TABLE `holds` ADD `types` text;--> statement-breakpoint
ALTER TABLE `holds` ADD `findings` text;