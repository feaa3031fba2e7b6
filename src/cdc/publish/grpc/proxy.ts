import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';

/** A proxy that passes on connections (CONNECT of RFC 9110, section 9.3.6). */
export interface Proxy {
  readonly host: string;
  readonly port: number;
  /** `name:password`, which it is told as Basic authentication. */
  readonly credentials: string | undefined;
}

/** What is to be reached. */
interface Target {
  readonly host: string;
  readonly port: number;
}

/** A variable names a proxy that connections cannot go through. Its value may hold a password and is not shown. */
export class ProxySettingError extends Error {
  override readonly name = 'ProxySettingError';

  constructor(
    readonly variable: string,
    readonly given: string,
  ) {
    super(
      `expected ${variable} to be a proxy such as http://127.0.0.1:3128, given: ${given}. ` +
        'Name one that is reached by http: (what goes through it is encrypted all the same), or let ' +
        'NO_PROXY name the host that is to be reached without it',
    );
  }
}

/** Where a proxy may be named, and where hosts that need none, the first that is set counts; as grpc-js and Google's library for tokens read them. */
const proxyVariables = [
  'grpc_proxy',
  'https_proxy',
  'HTTPS_PROXY',
  'http_proxy',
  'HTTP_PROXY',
] as const;
const exceptionVariables = ['no_grpc_proxy', 'no_proxy', 'NO_PROXY'] as const;

const credentialsIn = (
  { username, password }: URL,
  variable: string,
): string | undefined => {
  if (!username) return undefined;
  try {
    return decodeURIComponent(`${username}:${password}`);
  } catch {
    throw new ProxySettingError(
      variable,
      'one whose name or password is not percent-encoded',
    );
  }
};

type Environment = Readonly<Record<string, string | undefined>>;

const firstSet = (
  names: readonly string[],
  environment: Environment,
): [name: string, value: string] | undefined => {
  for (const name of names) {
    const value = environment[name];
    if (value) return [name, value];
  }
  return undefined;
};

/** Whether a list of hosts and domains has this host; an entry may have a port, `*` or a dot before it, or be `*`. */
const names = (list: string, host: string, port: number): boolean =>
  list.split(',').some((entry) => {
    const [, name = '', only] =
      /^(?:\*?\.)?(.*?)(?::(\d+))?$/.exec(entry.trim().toLowerCase()) ?? [];
    if (name === '' || (only !== undefined && Number(only) !== port))
      return false;
    return name === '*' || host === name || host.endsWith(`.${name}`);
  });

/**
 * The proxy through which the environment says that a host by TLS is reached; `undefined` is without one.
 *
 * @param host a name in lower case; ranges of addresses in `no_proxy` do not count
 * @throws ProxySettingError
 */
export const proxyFor = (
  { host, port }: Target,
  environment: Environment,
): Proxy | undefined => {
  const setting = firstSet(proxyVariables, environment);
  if (!setting) return undefined;
  const exceptions = firstSet(exceptionVariables, environment);
  if (exceptions && names(exceptions[1], host, port)) return undefined;
  const [variable, value] = setting;
  if (!URL.canParse(value))
    throw new ProxySettingError(variable, 'something that is no address');
  const address = new URL(value);
  const { protocol, hostname, port: given } = address;
  if (protocol !== 'http:')
    throw new ProxySettingError(variable, `one that is reached by ${protocol}`);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(given || 80),
    credentials: credentialsIn(address, variable),
  };
};

/**
 * Asks a proxy for a connection to a server.
 *
 * @throws the error of the network, the signal's reason, or an Error with the status if the proxy refuses.
 */
export const connectThrough = async (
  proxy: Proxy,
  { host, port }: Target,
  signal: AbortSignal,
): Promise<Socket> => {
  const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const asked = request({
    method: 'CONNECT',
    host: proxy.host,
    port: proxy.port,
    path: target,
    agent: false,
    headers: {
      host: target,
      ...(proxy.credentials !== undefined && {
        'proxy-authorization': `Basic ${Buffer.from(proxy.credentials).toString('base64')}`,
      }),
    },
  });
  try {
    // A proxy that answers with a body instead of a tunnel still tells its status by this event.
    const answered = once(asked, 'connect', { signal });
    asked.end();
    const [answer, socket, head] = (await answered) as [
      IncomingMessage,
      Socket,
      Buffer,
    ];
    if (answer.statusCode !== 200) {
      socket.destroy();
      throw new Error(
        `expected the proxy ${proxy.host}:${proxy.port} to pass on to ${target}, got status ${answer.statusCode}`,
      );
    }
    socket.setNoDelay(true).setKeepAlive(true);
    if (head.length > 0) socket.unshift(head);
    return socket;
  } catch (error) {
    asked.on('error', () => undefined);
    asked.destroy();
    throw error;
  }
};
