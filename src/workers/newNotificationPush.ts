import { unreadNotification } from './notifications/outgoing.ts';
import { pushTransport } from './notifications/push-transport.ts';
import type { TypedWorker } from './worker.ts';

const worker: TypedWorker<'api.v1.new-notification'> = {
  subscription: 'api.new-notification-push',
  handler: async ({ data }, con) => {
    const message = await unreadNotification(con, 'push', data);
    if (message) await pushTransport().deliver(message, con);
  },
};

export default worker;
