import { generateDigests } from '../../digest/generate.ts';
import type { JobSchema } from '../declarations.ts';
import type { JobHandler } from '../handler.ts';

/** Plans the digests whose hour has come; those that a former attempt planned are planned already. */
const handler: JobHandler<JobSchema['generate-digests']> = {
  handler: async (_payload, context) => {
    const { con, logger, signal } = context;
    const generated = await generateDigests(con, logger, { signal });
    if (generated.unknownTimezones > 0)
      context.log(
        `people whose time zone Postgres does not know, who get no digest: ${generated.unknownTimezones}`,
      );
    return generated;
  },
};

export default handler;
