/**
 * Types of notifications whose mail is a job of its own, with a template of its own: the mail that follows
 * from every other notification is not sent for them.
 */
export const mailedByJobs: ReadonlySet<string> = new Set(['export_ready']);
