import { crmClient } from '../crm/crm-client.ts';
import { User } from '../entity/index.ts';
import type { TypedWorker } from './worker.ts';

/** The CRM knows a person as their row is now; of a person who is gone it is told so. */
const worker: TypedWorker<'contact-changed'> = {
  subscription: 'api.contact-sync',
  handler: async ({ data: { userId }, signal }, con) => {
    const user = await con.getRepository(User).findOneBy({ id: userId });
    if (!user) {
      await crmClient().deleteContact(userId, { con, signal });
      return;
    }
    const { id, email, name, username, timezone } = user;
    await crmClient().putContact(
      { id, email, name, username, timezone },
      { con, signal },
    );
  },
};

export default worker;
