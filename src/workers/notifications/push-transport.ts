import { config } from '../../config.ts';
import { storeTransport } from '../../mail/store.ts';
import type { Transport } from '../../mail/transport.ts';

const pushTransports: Readonly<
  Record<ReturnType<typeof config>['PUSH_TRANSPORT'], Transport>
> = { store: storeTransport };

/** The transport that PUSH_TRANSPORT names. */
export const pushTransport = (): Transport =>
  pushTransports[config().PUSH_TRANSPORT];
