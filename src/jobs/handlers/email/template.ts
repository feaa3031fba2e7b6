import type { z } from 'zod';

import type { MailContent } from './content.ts';

/** A mail that differs from others of its kind only by its context. */
export interface MailTemplate<Context extends z.ZodType> {
  readonly context: Context;
  content(context: z.output<Context>): MailContent;
}

/** Ties the type of a template's context to what it says. */
export const mailTemplate = <Context extends z.ZodType>(
  template: MailTemplate<Context>,
): MailTemplate<Context> => template;
