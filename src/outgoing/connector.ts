import { isIP, type LookupFunction } from 'node:net';
import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';

import { buildConnector } from 'undici';

import { mayReach } from './address.ts';
import { ForbiddenAddressError } from './errors.ts';

/** Finds every address of a name. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/** Asks as every program of this machine does: its hosts file, then DNS, for A and AAAA. */
export const resolveBySystem: Resolve = (hostname) =>
  lookup(hostname, { all: true });

export interface ConnectorOptions {
  readonly allowPrivate: boolean;
  readonly resolve: Resolve;
  /** Ends connections that do not stand yet, too. */
  readonly signal: AbortSignal;
}

/** A name with one forbidden address among good ones is not one that means well. */
const guardedLookup =
  ({ allowPrivate, resolve }: ConnectorOptions): LookupFunction =>
  (hostname, { all }, callback) => {
    const settle = (addresses: readonly LookupAddress[]) => {
      const [first] = addresses;
      if (!first) {
        const error: NodeJS.ErrnoException = new Error(
          `expected ${hostname} to have an address, got: none`,
        );
        error.code = 'ENOTFOUND';
        throw error;
      }
      for (const { address } of addresses)
        if (!mayReach(address, { allowPrivate }))
          throw new ForbiddenAddressError('private-address', hostname);
      return all
        ? () => callback(null, [...addresses])
        : () => callback(null, first.address, first.family);
    };
    resolve(hostname)
      .then(settle)
      .then(
        (answer) => answer(),
        (error: Error) => callback(error, []),
      );
  };

/**
 * Opens connections only to addresses that may be reached. A name is looked up once, and the connection goes
 * to the very addresses that were checked, so that a name that answers differently the next time gains
 * nothing. Node looks up no address that is one already: that is checked before. What the connection really
 * reached is checked again before anything is sent.
 */
export const guardedConnector = (
  options: ConnectorOptions,
): buildConnector.connector => {
  const { allowPrivate } = options;
  const connect = buildConnector({
    allowH2: false,
    lookup: guardedLookup(options),
    maxCachedSessions: 0,
    signal: options.signal,
    // The signal is the clock.
    timeout: 0,
  });
  return (target, callback) => {
    const { hostname } = target;
    const refuse = () =>
      callback(new ForbiddenAddressError('private-address', hostname), null);
    if (isIP(hostname) !== 0 && !mayReach(hostname, { allowPrivate })) {
      refuse();
      return;
    }
    connect(target, (...[error, socket]) => {
      if (error) {
        callback(error, null);
        return;
      }
      if (!mayReach(socket.remoteAddress ?? '', { allowPrivate })) {
        socket.destroy();
        refuse();
        return;
      }
      callback(null, socket);
    });
  };
};
