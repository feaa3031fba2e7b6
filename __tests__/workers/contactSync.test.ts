import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { CrmClient } from '../../src/crm/client.ts';
import { CrmRefusedError, CrmUnavailableError } from '../../src/crm/errors.ts';
import { httpCrm } from '../../src/crm/http.ts';
import { CrmContact, User } from '../../src/entity/index.ts';
import { typedWorkers } from '../../src/workers/index.ts';
import {
  expectSuccessfulTypedBackground,
  useTestDatabase,
} from '../helpers.ts';
import { createUser } from './community.ts';

const database = useTestDatabase();
const worker = typedWorkers['api.contact-sync'];

describe('api.contact-sync', () => {
  const contact = (id: string) =>
    database.con.getRepository(CrmContact).findOneBy({ id });

  it('tells the CRM of a person as their row is now, however often and however late', async () => {
    const { con } = database;
    const { id } = await createUser(con);
    await expectSuccessfulTypedBackground(worker, { userId: id });
    expect(await contact(id)).toMatchObject({ name: 'Ada' });
    await con.getRepository(User).update({ id }, { name: 'Grace' });
    await expectSuccessfulTypedBackground(worker, { userId: id });
    await expectSuccessfulTypedBackground(worker, { userId: id });
    expect(await contact(id)).toMatchObject({ name: 'Grace' });
  });

  it('deletes the contact of a person who is gone, even if it was never there', async () => {
    const { con } = database;
    const { id } = await createUser(con);
    await expectSuccessfulTypedBackground(worker, { userId: id });
    await con.getRepository(User).delete({ id });
    await expectSuccessfulTypedBackground(worker, { userId: id });
    expect(await contact(id)).toBeNull();
    await expectSuccessfulTypedBackground(worker, { userId: id });
  });
});

describe('the CRM over HTTP', () => {
  const seen: unknown[] = [];
  let status = 200;
  let server: Server;
  let crm: CrmClient;

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (part: string) => (body += part));
      request.on('end', () => {
        const { method, url, headers } = request;
        seen.push({ method, url, token: headers.authorization, body });
        response.writeHead(status, { location: '/elsewhere' }).end('said');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    crm = httpCrm({
      url: `http://127.0.0.1:${port}/v1/`,
      token: 'a token of the CRM',
    });
  });

  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });

  const contact = {
    id: '0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c11',
    email: 'ada@example.com',
    name: 'Ada',
    username: 'ada',
    timezone: 'Etc/UTC',
  };
  const request = () => ({
    con: database.con,
    signal: new AbortController().signal,
  });

  it('puts and deletes by the user’s id', async () => {
    status = 204;
    await crm.putContact(contact, request());
    await crm.deleteContact(contact.id, request());
    const { id, ...body } = contact;
    const common = {
      url: `/v1/contacts/${id}`,
      token: 'Bearer a token of the CRM',
    };
    expect(seen).toEqual([
      { ...common, method: 'PUT', body: JSON.stringify(body) },
      { ...common, method: 'DELETE', body: '' },
    ]);
  });

  it('takes a contact that is not there for deleted', async () => {
    status = 404;
    await crm.deleteContact(contact.id, request());
    await expect(crm.putContact(contact, request())).rejects.toThrow(
      CrmRefusedError,
    );
  });

  it.each([
    [401, CrmUnavailableError],
    [429, CrmUnavailableError],
    [503, CrmUnavailableError],
    [302, CrmRefusedError],
    [422, CrmRefusedError],
  ])('answers %i by an error of its own', async (given, error) => {
    status = given;
    await expect(crm.putContact(contact, request())).rejects.toThrow(error);
    await expect(crm.deleteContact(contact.id, request())).rejects.toThrow(
      error,
    );
  });

  it('ends a request with its signal', async () => {
    const { con } = database;
    const signal = AbortSignal.abort(new Error('drained'));
    await expect(crm.putContact(contact, { con, signal })).rejects.toThrow(
      'drained',
    );
  });
});
