import { config } from '../config.ts';
import type { CrmClient } from './client.ts';
import { httpCrm } from './http.ts';
import { storeCrm } from './store.ts';

let client: CrmClient | undefined;

const createCrmClient = (): CrmClient => {
  const { CRM_TRANSPORT, CRM_URL, CRM_TOKEN } = config();
  // The configuration is valid only with both for http.
  return CRM_TRANSPORT === 'http' && CRM_URL && CRM_TOKEN
    ? httpCrm({ url: CRM_URL, token: CRM_TOKEN })
    : storeCrm;
};

/** The client that CRM_TRANSPORT names. */
export const crmClient = (): CrmClient => (client ??= createCrmClient());
