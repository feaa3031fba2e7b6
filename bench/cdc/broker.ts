import { startPubSub } from '../../src/pubsub-server/index.ts';

/** The broker of the benchmark, in a process of its own: tells its address and how much was published. */
const server = await startPubSub();
process.send?.({ address: server.address });
process.on('message', () => {
  process.send?.({ published: server.activity().published });
});
process.on('disconnect', () => {
  void server.stop();
});
