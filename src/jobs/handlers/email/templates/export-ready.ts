import { z } from 'zod';

import { mailTemplate } from '../template.ts';

/** Somebody's export can be downloaded. */
export const exportReady = mailTemplate({
  context: z.object({
    /** Signed, for a while. */
    link: z.url({ protocol: /^https?$/ }),
    /** Name of the file. */
    file: z.string().min(1),
  }),
  content: ({ link, file }) => ({
    subject: `Your export is ready: ${file}`,
    paragraphs: [
      `The export that you asked for is ready: ${file}.`,
      'Whoever has the link can download the file until the link expires. Ask for another export after that.',
    ],
    action: { label: 'Download the file', url: link },
  }),
});
