import { setTimeout as delay } from 'node:timers/promises';

import { PubSub, type Subscription } from '@google-cloud/pubsub';

import type { Phase, Progress, Task } from './task.ts';

const IN_FLIGHT = 10_000;
const STREAMS_A_CLIENT = 90;
const LATENCY_INTERVAL = 20;

const now = () => performance.timeOrigin + performance.now();
const tell = (progress: Progress): Promise<void> =>
  new Promise((resolve) => {
    process.send?.(progress, undefined, undefined, () => resolve());
  });

const clientOf = (address: string): PubSub => {
  const options = {
    projectId: 'bench',
    apiEndpoint: address,
    emulatorMode: true,
    'grpc.use_local_subchannel_pool': 1,
    'grpc-node.flow_control_window': 16 << 20,
  };
  return new PubSub(options);
};

/** Every phase waits to be allowed, so that whoever measures the server looks at it in between. */
const phase = async (
  name: Phase,
  work: () => Promise<{ messages: number; latencies?: readonly number[] }>,
): Promise<void> => {
  await tell({ kind: 'begin', phase: name });
  await new Promise((resolve) => process.once('message', resolve));
  const cpu = process.cpuUsage();
  const started = performance.now();
  const { messages, latencies = [] } = await work();
  const { user, system } = process.cpuUsage(cpu);
  await tell({
    kind: 'end',
    phase: name,
    seconds: (performance.now() - started) / 1_000,
    cpuSeconds: (user + system) / 1e6,
    messages,
    latencies,
  });
  await new Promise((resolve) => process.once('message', resolve));
};

const publishMany = async (
  publisher: PubSub,
  topic: string,
  messages: number,
): Promise<void> => {
  const batched = publisher.topic(topic, {
    batching: { maxMessages: 1_000, maxMilliseconds: 10 },
  });
  const data = Buffer.alloc(200, 'x');
  for (let sent = 0; sent < messages; sent += IN_FLIGHT)
    await Promise.all(
      Array.from({ length: Math.min(IN_FLIGHT, messages - sent) }, () =>
        batched.publishMessage({ data }),
      ),
    );
};

/** Calls back with every message; acks it. */
const receive = (
  clients: readonly PubSub[],
  names: readonly string[],
  received: (data: Buffer) => void,
): (() => Promise<void>) => {
  const subscriptions: Subscription[] = names.map((name, index) => {
    const client = clients[Math.floor(index / STREAMS_A_CLIENT)]!;
    const subscription = client.subscription(name, {
      flowControl: { maxMessages: 10_000, allowExcessMessages: false },
      streamingOptions: { maxStreams: 1 },
      batching: { maxMilliseconds: 10 },
    });
    subscription.on('error', (error) => {
      throw error;
    });
    subscription.on('message', (message) => {
      message.ack();
      received(message.data);
    });
    return subscription;
  });
  return async () => {
    await Promise.all(subscriptions.map((each) => each.close()));
  };
};

const drain = async (
  clients: readonly PubSub[],
  names: readonly string[],
  messages: number,
): Promise<void> => {
  const complete = Promise.withResolvers<void>();
  // Deliveries; none comes twice, as no lease runs out in the limit of a phase.
  let count = 0;
  const close = receive(clients, names, () => {
    count += 1;
    if (count === messages) complete.resolve();
  });
  await complete.promise;
  await close();
};

const latencies = async (
  clients: readonly PubSub[],
  name: string,
  messages: number,
): Promise<number[]> => {
  const measured: number[] = [];
  const complete = Promise.withResolvers<void>();
  const close = receive(clients, [name], (data) => {
    measured.push(now() - Number(data.toString()));
    if (measured.length === messages) complete.resolve();
  });
  const topic = clients[0]!.topic('measured', {
    batching: { maxMilliseconds: 1 },
  });
  for (let sent = 0; sent < messages; sent += 1) {
    void topic.publishMessage({ data: Buffer.from(String(now())) });
    await delay(LATENCY_INTERVAL);
  }
  await complete.promise;
  await close();
  return measured;
};

const run = async (task: Task): Promise<void> => {
  const { address, messages } = task;
  const publisher = clientOf(address);
  const clients = Array.from(
    { length: Math.ceil(task.subscriptions / STREAMS_A_CLIENT) },
    () => clientOf(address),
  );
  const [warmUp] = await publisher.createTopic('warm-up');
  await warmUp.createSubscription('warm-up-sub');
  await publishMany(publisher, 'warm-up', task.warmUp);
  await drain(
    clients,
    ['warm-up-sub'],
    Math.min(task.warmUp, task.drained ?? Infinity),
  );
  const [topic] = await publisher.createTopic('measured');
  const names = Array.from(
    { length: task.subscriptions },
    (_, index) => `measured-${index}`,
  );
  for (const name of names) await topic.createSubscription(name);

  await phase('publish', async () => {
    await publishMany(publisher, 'measured', messages);
    return { messages };
  });
  await phase('held', async () => ({ messages }));
  await phase('drain', async () => {
    const total = Math.min(messages * names.length, task.drained ?? Infinity);
    await drain(clients, names, total);
    return { messages: total };
  });
  // What was left is not to be among the messages whose latency is measured.
  if (task.drained !== undefined)
    await Promise.all(
      names.map((name) => clients[0]!.subscription(name).seek(new Date())),
    );
  if (task.latencyMessages > 0)
    await phase('latency', async () => ({
      messages: task.latencyMessages,
      latencies: await latencies(clients, names[0]!, task.latencyMessages),
    }));
  if (task.idleMilliseconds > 0) {
    const close = receive(clients, names, () => undefined);
    // The streams are open and their first leases are forgotten.
    await delay(2_000);
    await phase('idle', async () => {
      await delay(task.idleMilliseconds);
      return { messages: 0 };
    });
    await close();
  }
  await Promise.all([publisher, ...clients].map((client) => client.close()));
  process.disconnect();
};

process.once('message', (task: Task) => {
  void run(task);
});
