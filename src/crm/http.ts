import { guardedFetch } from '../outgoing/guarded-fetch.ts';
import type { CrmClient, CrmRequest } from './client.ts';
import { CrmRefusedError, CrmUnavailableError } from './errors.ts';

export interface HttpCrmOptions {
  /** Contacts are at `<url>/contacts/<user id>`. */
  readonly url: string;
  /** Sent as bearer token. */
  readonly token: string;
}

/** Answers after which the same request may succeed later. */
const passing = new Set([401, 403, 408, 425, 429]);

const isTaken = (method: string, status: number): boolean =>
  (status >= 200 && status < 300) ||
  (method === 'DELETE' && (status === 404 || status === 410));

/** Speaks to a CRM over HTTP: PUT makes or replaces a contact, DELETE deletes it. Both may come twice. */
export const httpCrm = ({ url, token }: HttpCrmOptions): CrmClient => {
  const send = async (
    method: 'PUT' | 'DELETE',
    userId: string,
    { signal }: CrmRequest,
    body?: object,
  ): Promise<void> => {
    const base = url.replace(/\/+$/, '');
    const { status } = await guardedFetch(`${base}/contacts/${userId}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal,
      // What it says is not read; where it points is not for the token.
      redirect: 'return',
      maxBytes: 1_024,
      whenLarger: 'cut',
      timeoutSeconds: 20,
      // The operator's own address, not one that a user gave.
      allowPrivate: true,
    });
    if (isTaken(method, status)) return;
    throw passing.has(status) || status >= 500
      ? new CrmUnavailableError(userId, status)
      : new CrmRefusedError(userId, status);
  };
  return {
    putContact: ({ id, ...contact }, request) =>
      send('PUT', id, request, contact),
    deleteContact: (id, request) => send('DELETE', id, request),
  };
};
