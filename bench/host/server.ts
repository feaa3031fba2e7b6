import { startPubSub } from '../../src/pubsub-server/index.ts';

/** The broker of a benchmark, in a process of its own: tells its address, stops with its parent. */
const server = await startPubSub();
process.send?.({ address: server.address });
process.on('disconnect', () => {
  void server.stop();
});
