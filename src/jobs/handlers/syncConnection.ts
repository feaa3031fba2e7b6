import { config } from '../../config.ts';
import type { JobSchema } from '../declarations.ts';
import type { JobHandler } from '../handler.ts';
import { syncConnection } from './connections/sync.ts';
import { reachableUrl } from './connections/reachable-url.ts';

const handler: JobHandler<JobSchema['sync-connection']> = {
  handler: ({ connectionId }, context) => {
    const { OUTGOING_ALLOW_PRIVATE: allowPrivate, PUBLIC_URL } = config();
    return syncConnection(connectionId, context, {
      allowPrivate,
      publicUrl: reachableUrl(PUBLIC_URL, { allowPrivate }),
    });
  },
};

export default handler;
