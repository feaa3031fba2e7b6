import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A mail server that takes every mail and keeps its text: enough of RFC 5321 for one sender. */
export interface SmtpServer {
  readonly url: string;
  /** Headers and body of each mail, as sent. */
  readonly mails: readonly string[];
  close(): Promise<void>;
}

const serve = (socket: Socket, mails: string[]): void => {
  let buffered = '';
  let data: string[] | undefined;
  const reply = (line: string) => socket.write(`${line}\r\n`);
  const line = (text: string): void => {
    if (data) {
      if (text !== '.') return void data.push(text);
      mails.push(data.join('\n'));
      data = undefined;
      return void reply('250 kept');
    }
    const verb = text.slice(0, 4).toUpperCase();
    if (verb === 'DATA') {
      data = [];
      reply('354 go on');
    } else if (verb === 'QUIT') {
      reply('221 bye');
      socket.end();
    } else {
      reply('250 ok');
    }
  };
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: string) => {
    buffered += chunk;
    const lines = buffered.split('\r\n');
    buffered = lines.pop() ?? '';
    lines.forEach(line);
  });
  reply('220 ready');
};

/** Starts a mail server on a free port. */
export const startSmtpServer = async (): Promise<SmtpServer> => {
  const mails: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket, mails);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};
