import { startPubSub } from '../../../src/pubsub-server/index.ts';

/** Run by tests that kill it: a server on a data directory, which says its port to its parent. */
const [, , data] = process.argv;
const server = await startPubSub({ data });
process.send?.(server.port);
