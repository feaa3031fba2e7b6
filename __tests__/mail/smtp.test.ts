import { randomUUID } from 'node:crypto';

import type { DataSource } from 'typeorm';

import { SentMessage } from '../../src/entity/index.ts';
import { MailRefusedError } from '../../src/mail/errors.ts';
import type { OutgoingMessage } from '../../src/mail/outgoing-message.ts';
import { smtpTransport } from '../../src/mail/smtp.ts';
import { useTestDatabase } from '../helpers.ts';
import { createUser } from '../workers/community.ts';
import { startSmtpServer } from './smtp-server.ts';

const database = useTestDatabase();

const from = 'Nightshift <nightshift@example.com>';

const createMessage = async (
  con: DataSource,
  message: Partial<OutgoingMessage> = {},
): Promise<OutgoingMessage> => ({
  channel: 'mail',
  recipient: await createUser(con),
  notificationId: null,
  subject: 'Grace replied to your comment',
  body: 'They do.',
  idempotencyKey: `test.${randomUUID()}`,
  ...message,
});

const sent = (con: DataSource, { recipient }: OutgoingMessage) =>
  con.getRepository(SentMessage).findBy({ recipientId: recipient.id });

describe('smtpTransport', () => {
  it('sends a mail once, under a Message-ID that stays the same', async () => {
    const { con } = database;
    await using server = await startSmtpServer();
    const transport = smtpTransport({ url: server.url, from });
    const message = await createMessage(con);

    await transport.deliver(message, con);
    await transport.deliver(message, con);

    expect(server.mails).toHaveLength(1);
    const [mail] = server.mails;
    expect(mail).toContain(`To: Ada <${message.recipient.email}>`);
    expect(mail).toContain('Subject: Grace replied to your comment');
    expect(mail?.replace(/\r\n\s+/g, ' ')).toContain(
      `Message-ID: <${message.idempotencyKey}@nightshift>`,
    );
    expect(await sent(con, message)).toEqual([
      expect.objectContaining({ body: 'They do.', html: null }),
    ]);
  });

  it('sends text and HTML as two parts that say the same', async () => {
    const { con } = database;
    await using server = await startSmtpServer();
    const message = await createMessage(con, { html: '<p>They do.</p>' });
    await smtpTransport({ url: server.url, from }).deliver(message, con);
    const [mail] = server.mails;
    expect(mail).toContain('multipart/alternative');
    expect(mail).toContain('text/plain');
    expect(mail).toContain('<p>They do.</p>');
    expect(await sent(con, message)).toEqual([
      expect.objectContaining({ html: '<p>They do.</p>' }),
    ]);
  });

  it('lets no line break of a subject become a header', async () => {
    const { con } = database;
    await using server = await startSmtpServer();
    const message = await createMessage(con, {
      subject: 'Hello\r\nBcc: eve@example.com',
    });
    await smtpTransport({ url: server.url, from }).deliver(message, con);
    expect(server.mails[0]).not.toMatch(/^Bcc:/m);
  });

  it('fails when the mail server is down, and records nothing', async () => {
    const { con } = database;
    const server = await startSmtpServer();
    await server[Symbol.asyncDispose]();
    const transport = smtpTransport({ url: server.url, from });
    const message = await createMessage(con);
    const sending = transport.deliver(message, con);
    await expect(sending).rejects.toThrow();
    await expect(sending).rejects.not.toBeInstanceOf(MailRefusedError);
    expect(await sent(con, message)).toEqual([]);
  });

  it('fails for good when the mail server knows no such recipient', async () => {
    const { con } = database;
    await using server = await startSmtpServer({ refuseRecipient: 550 });
    const message = await createMessage(con);
    const sending = smtpTransport({ url: server.url, from }).deliver(
      message,
      con,
    );
    await expect(sending).rejects.toThrow(MailRefusedError);
    await expect(sending).rejects.not.toThrow(message.recipient.email);
  });

  it('is tried again when the mail server has no time now', async () => {
    const { con } = database;
    await using server = await startSmtpServer({ refuseRecipient: 451 });
    const message = await createMessage(con);
    const sending = smtpTransport({ url: server.url, from }).deliver(
      message,
      con,
    );
    await expect(sending).rejects.toThrow();
    await expect(sending).rejects.not.toBeInstanceOf(MailRefusedError);
  });
});
