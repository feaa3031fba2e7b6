import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

const bindable = async (port: number): Promise<number | undefined> => {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return undefined;
  }
  const { port: bound } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return bound;
};

/**
 * A TCP port on 127.0.0.1 that was free a moment ago: the preferred one if it is, so that what was
 * written down about a stack stays true when it is started again.
 */
export const freePort = async (preferred = 0): Promise<number> => {
  const port = (await bindable(preferred)) ?? (await bindable(0));
  if (port === undefined)
    throw new Error('expected a free port on 127.0.0.1, got none');
  return port;
};
