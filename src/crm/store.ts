import { CrmContact } from '../entity/index.ts';
import type { CrmClient } from './client.ts';

/** Keeps in `crm_contact` what a CRM would be told, for development and tests. */
export const storeCrm: CrmClient = {
  putContact: async (contact, { con }) => {
    await con
      .getRepository(CrmContact)
      .upsert({ ...contact, syncedAt: new Date() }, ['id']);
  },
  deleteContact: async (id, { con }) => {
    await con.getRepository(CrmContact).delete({ id });
  },
};
