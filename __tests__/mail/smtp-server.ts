import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { SMTPServer } from 'smtp-server';

export interface TestSmtpServer extends AsyncDisposable {
  readonly url: string;
  /** Each mail as it was taken, headers and parts, with soft line breaks undone. */
  readonly mails: readonly string[];
}

export interface SmtpServerOptions {
  /** The code that a recipient is refused with. @default taken */
  readonly refuseRecipient?: number;
}

/** A mail server of this machine that keeps what it takes. */
export const startSmtpServer = async ({
  refuseRecipient,
}: SmtpServerOptions = {}): Promise<TestSmtpServer> => {
  const mails: string[] = [];
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onRcptTo: (_, __, callback) => {
      if (refuseRecipient === undefined) {
        callback();
        return;
      }
      callback(
        Object.assign(new Error('no'), { responseCode: refuseRecipient }),
      );
    },
    onData: (stream, _, callback) => {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        mails.push(
          Buffer.concat(parts).toString('utf8').replaceAll('=\r\n', ''),
        );
        callback();
      });
    },
  });
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
      }),
  };
};
