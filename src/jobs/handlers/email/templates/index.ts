import type { z } from 'zod';

import type { JobSchema } from '../../../declarations.ts';
import type { MailTemplate } from '../template.ts';
import { exportReady } from './export-ready.ts';
import { webhookDisabled } from './webhook-disabled.ts';

/** The name of any mail, as `send-email` declares them. */
export type MailName = JobSchema['send-email']['template'];

/** Every mail by its name; one too few or too many does not compile. */
export const templates = {
  'export-ready': exportReady,
  'webhook-disabled': webhookDisabled,
} satisfies Record<MailName, unknown>;

/** What a mail has to know, by its name. */
export type MailContext = {
  [Name in MailName]: z.input<(typeof templates)[Name]['context']>;
};

/** A template of any name. */
export const templateNamed = (
  name: MailName,
): MailTemplate<z.ZodType<Record<string, string>>> => templates[name];
