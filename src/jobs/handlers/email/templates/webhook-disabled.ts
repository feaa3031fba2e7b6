import { z } from 'zod';

import { mailTemplate } from '../template.ts';

/** Nothing more is sent to somebody's webhook endpoint. */
export const webhookDisabled = mailTemplate({
  context: z.object({
    /** Of the endpoint, without its query. */
    url: z.string().min(1),
    /** Half a sentence. */
    reason: z.string().min(1),
  }),
  content: ({ url, reason }) => ({
    subject: 'Your webhook endpoint was disabled',
    paragraphs: [
      `We send no more events to ${url}, because ${reason}.`,
      'Events from now on are not kept for it. Mend the receiver and enable the endpoint again to hear of new ones.',
    ],
  }),
});
