import { type Contender, subscribe } from './contenders.ts';

/** What a measuring process is told. */
export interface Task {
  readonly contender: Contender;
  readonly address: string;
  readonly subscription: string;
  /** Distinct messages that come first and are not measured, until the code is compiled. */
  readonly warmUp: number;
  /** Distinct messages after those, after which it reports. */
  readonly messages: number;
  readonly concurrency?: number;
  readonly handlerMilliseconds: number;
  readonly measureLatency: boolean;
  /** Records deliveries there; of the host alone. */
  readonly recording?: {
    readonly databaseUrl: string;
    readonly maxRate: number;
  };
}

/** Told once every distinct message was received, and again when asked. */
export interface Report {
  readonly kind: 'subscribed' | 'complete' | 'final';
  /** Deliveries beyond the first of a message. */
  readonly duplicates: number;
  /** From the first message to the last distinct one. */
  readonly seconds: number;
  /** User and system time of the process between the two. */
  readonly cpuSeconds: number;
  /** Milliseconds from publish to handler, one a message. */
  readonly latencies: readonly number[];
}

/** Milliseconds since the epoch, finer than a millisecond. */
const now = () => performance.timeOrigin + performance.now();

process.once('message', (task: Task) => {
  const seen = new Set<string>();
  const latencies: number[] = [];
  let duplicates = 0;
  let firstAt = 0;
  let firstCpu: NodeJS.CpuUsage | undefined;
  let seconds = 0;
  let cpuSeconds = 0;
  const report = (kind: Report['kind']) => {
    process.send?.({
      kind,
      duplicates,
      seconds,
      cpuSeconds,
      latencies,
    } satisfies Report);
  };
  const onMessage = (messageId: string, sentAt: () => number) => {
    if (seen.has(messageId)) {
      duplicates += 1;
      return;
    }
    if (seen.size === task.warmUp) {
      firstAt = now();
      firstCpu = process.cpuUsage();
    }
    seen.add(messageId);
    if (task.measureLatency) latencies.push(now() - sentAt());
    if (seen.size !== task.warmUp + task.messages) return;
    seconds = (now() - firstAt) / 1_000;
    const { user, system } = process.cpuUsage(firstCpu);
    cpuSeconds = (user + system) / 1e6;
    report('complete');
  };
  process.on('message', () => report('final'));
  void subscribe(task.contender, { ...task, onMessage }).then(() =>
    report('subscribed'),
  );
});
process.on('disconnect', () => process.exit(0));
