import { randomUUID } from 'node:crypto';

import type { DataSource } from 'typeorm';

import { SentMessage } from '../../../../src/entity/index.ts';
import { getJob } from '../../../../src/jobs/create-job.ts';
import { createMailJob } from '../../../../src/jobs/handlers/email/create-mail-job.ts';
import {
  InvalidMailContextError,
  UnknownRecipientError,
} from '../../../../src/jobs/handlers/email/errors.ts';
import { sendEmail } from '../../../../src/jobs/handlers/email/send.ts';
import { smtpTransport } from '../../../../src/mail/smtp.ts';
import { storeTransport } from '../../../../src/mail/store.ts';
import type { Transport } from '../../../../src/mail/transport.ts';
import { useTestDatabase } from '../../../helpers.ts';
import { startSmtpServer } from '../../../mail/smtp-server.ts';
import { createUser } from '../../../workers/community.ts';

const database = useTestDatabase();

const context = { url: 'https://example.com/hook', reason: 'it is gone' };

const send = (
  con: DataSource,
  userId: string,
  jobId: string,
  transport: Transport,
  signal = new AbortController().signal,
) => {
  const now = new Date();
  return sendEmail(
    { template: 'webhook-disabled', userId, context },
    {
      con,
      signal,
      job: {
        id: jobId,
        name: 'send-email',
        queue: 'email-sending',
        attempt: 1,
        attempts: 3,
        createdAt: now,
        runAt: now,
      },
    },
    transport,
  );
};

const sentTo = (con: DataSource, recipientId: string) =>
  con.getRepository(SentMessage).findBy({ recipientId });

describe('send-email', () => {
  it('sends one mail for one job, by whose id it is known', async () => {
    const { con } = database;
    await using server = await startSmtpServer();
    const transport = smtpTransport({ url: server.url, from: 'a@example.com' });
    const user = await createUser(con);
    const jobId = randomUUID();

    await send(con, user.id, jobId, transport);
    await send(con, user.id, jobId, transport);

    expect(server.mails).toHaveLength(1);
    const mail = server.mails[0]!.replace(/\r\n\s+/g, ' ');
    expect(mail).toContain(`To: Ada <${user.email}>`);
    expect(mail).toContain('Subject: Your webhook endpoint was disabled');
    expect(mail).toContain(`Message-ID: <job.${jobId}@nightshift>`);
    expect(mail).toContain('<p>Hello Ada,</p>');
  });

  it('killed before the mail was recorded sends it again as the same', async () => {
    const { con } = database;
    await using server = await startSmtpServer();
    const transport = smtpTransport({ url: server.url, from: 'a@example.com' });
    const user = await createUser(con);
    const jobId = randomUUID();

    await send(con, user.id, jobId, transport);
    await con.getRepository(SentMessage).delete({ recipientId: user.id });
    await send(con, user.id, jobId, transport);

    const ids = server.mails.map(
      (mail) => /Message-ID:\s+(\S+)/.exec(mail)?.[1],
    );
    expect(ids).toEqual([
      `<job.${jobId}@nightshift>`,
      `<job.${jobId}@nightshift>`,
    ]);
  });

  it('fails for good when its person is gone', async () => {
    const { con } = database;
    await expect(
      send(con, randomUUID(), randomUUID(), storeTransport),
    ).rejects.toThrow(UnknownRecipientError);
  });

  it('sends nothing once it was told to stop', async () => {
    const { con } = database;
    const user = await createUser(con);
    const reason = new Error('drain');
    await expect(
      send(
        con,
        user.id,
        randomUUID(),
        storeTransport,
        AbortSignal.abort(reason),
      ),
    ).rejects.toBe(reason);
    expect(await sentTo(con, user.id)).toEqual([]);
  });
});

describe('createMailJob', () => {
  it('creates one job for one key', async () => {
    const { con } = database;
    const user = await createUser(con);
    const mail = { userId: user.id, context, idempotencyKey: randomUUID() };
    const ids = [
      await createMailJob('webhook-disabled', mail, con),
      await createMailJob('webhook-disabled', mail, con),
    ];
    expect(ids[0]).toBe(ids[1]);
    expect(await getJob(ids[0]!, con)).toMatchObject({
      name: 'send-email',
      queue: 'email-sending',
    });
  });

  it('refuses a context that its template cannot use', async () => {
    const { con } = database;
    await expect(
      createMailJob(
        'export-ready',
        {
          userId: randomUUID(),
          context: { link: 'no link', file: 'a' },
          idempotencyKey: randomUUID(),
        },
        con,
      ),
    ).rejects.toThrow(InvalidMailContextError);
  });
});
