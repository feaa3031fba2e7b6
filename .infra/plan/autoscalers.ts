import { manifest } from './manifest.ts';
import { type PlannedProcess, processes } from './processes.ts';
import type { Resource, StackSettings } from './resource.ts';

/** Jobs that are due or running. One series: every process tells of all jobs, and autoscalers add series up. */
export const jobsMetric = 'nightshift_jobs_at_hand';

/** Jobs at hand that one replica is there for: several times what it runs at once, so that short ones start none. */
const jobsForReplica = 100;

/** Messages of a subscription that one replica is there for. */
const messagesForReplica = 1_000;

/** Share of its requested processor time that a replica of the API uses before there is another one. */
const processorPercent = 60;

const external = (
  name: string,
  averageValue: number,
  matchLabels?: Readonly<Record<string, string>>,
) => ({
  type: 'External',
  external: {
    metric: { name, ...(matchLabels && { selector: { matchLabels } }) },
    target: { type: 'AverageValue', averageValue: String(averageValue) },
  },
});

const metricsOf = ({ scaledBy, subscriptions }: PlannedProcess) => {
  switch (scaledBy) {
    case 'backlog':
      return subscriptions.map((subscription) =>
        external(
          'pubsub.googleapis.com|subscription|num_undelivered_messages',
          messagesForReplica,
          { 'resource.labels.subscription_id': subscription },
        ),
      );
    case 'jobs':
      return [
        external(
          `prometheus.googleapis.com|${jobsMetric}|gauge`,
          jobsForReplica,
        ),
      ];
    case 'processor':
      return [
        {
          type: 'Resource',
          resource: {
            name: 'cpu',
            target: {
              type: 'Utilization',
              averageUtilization: processorPercent,
            },
          },
        },
      ];
    case 'none':
      return [];
  }
};

const autoscaler = (
  { maximumReplicas, highAvailability }: StackSettings,
  process: PlannedProcess,
): Resource =>
  manifest('autoscaling/v2', 'HorizontalPodAutoscaler', process.name, {
    spec: {
      scaleTargetRef: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        name: process.name,
      },
      // Somebody waits for the API: one replica may go without anybody noticing.
      minReplicas: highAvailability && process.name === 'api' ? 2 : 1,
      maxReplicas: maximumReplicas,
      metrics: metricsOf(process),
    },
  });

/** Autoscalers, and the rule that makes one number of what every process tells of the queues. */
export const autoscalers = (settings: StackSettings): Resource[] => [
  manifest('monitoring.googleapis.com/v1', 'Rules', 'nightshift', {
    spec: {
      groups: [
        {
          name: 'nightshift',
          interval: '30s',
          rules: [
            {
              record: jobsMetric,
              expr: 'sum(max by (queue, job, state) (queue_depth{state=~"pending|running"})) or vector(0)',
            },
          ],
        },
      ],
    },
  }),
  ...processes
    .filter(({ scaledBy }) => scaledBy !== 'none')
    .map((process) => autoscaler(settings, process)),
];
