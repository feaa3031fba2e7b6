import { mailTransport } from '../mail/mail-transport.ts';
import { unreadNotification } from './notifications/outgoing.ts';
import type { TypedWorker } from './worker.ts';

const worker: TypedWorker<'api.v1.new-notification'> = {
  subscription: 'api.new-notification-mail',
  handler: async ({ data }, con) => {
    const message = await unreadNotification(con, 'mail', data);
    if (message) await mailTransport().deliver(message, con);
  },
};

export default worker;
