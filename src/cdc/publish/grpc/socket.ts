import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

import { connectThrough, type Proxy } from './proxy.ts';

/** Where a server is, and whether it is spoken to by TLS. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Settings of TLS, such as certificates to trust; `undefined` is without TLS. */
  readonly tls: ConnectionOptions | undefined;
  /** What passes a connection by TLS on; `undefined` is nothing. */
  readonly proxy?: Proxy | undefined;
}

/** @throws TypeError if it is not `host:port`, with an address of IPv6 in brackets. */
export const parseAddress = (
  address: string,
): Pick<Endpoint, 'host' | 'port'> => {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined)
    throw new TypeError(
      `expected an address such as 127.0.0.1:8085, got: ${JSON.stringify(address)}`,
    );
  return { host, port: Number(match![3]) };
};

const http2 = 'h2';

const open = (
  { host, port, tls }: Endpoint,
  tunnel: Socket | undefined,
): [Socket, string] => {
  const common = { host, port, noDelay: true, keepAlive: true };
  return tls
    ? [
        connectTls({
          servername: host,
          ...tls,
          ...common,
          ...(tunnel && { socket: tunnel }),
          ALPNProtocols: [http2],
        }),
        'secureConnect',
      ]
    : [connectPlain(common), 'connect'];
};

/**
 * Connects.
 *
 * @param timeout milliseconds
 * @throws the error of the network, of the proxy or of TLS; a TimeoutError (DOMException); an Error if the
 *   server does not speak HTTP/2.
 */
export const openSocket = async (
  endpoint: Endpoint,
  timeout: number,
): Promise<Socket> => {
  const signal = AbortSignal.timeout(timeout);
  const tunnel =
    endpoint.proxy && (await connectThrough(endpoint.proxy, endpoint, signal));
  const [socket, connected] = open(endpoint, tunnel);
  try {
    await once(socket, connected, { signal });
    const protocol = 'alpnProtocol' in socket ? socket.alpnProtocol : http2;
    if (protocol !== http2)
      throw new Error(
        `expected ${endpoint.host}:${endpoint.port} to speak HTTP/2 (ALPN h2), got: ${String(protocol)}`,
      );
    return socket;
  } catch (error) {
    socket.destroy();
    tunnel?.destroy();
    throw error;
  }
};
