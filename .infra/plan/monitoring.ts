import { processes } from './processes.ts';
import { labelsOf, type Resource, type StackSettings } from './resource.ts';

interface Alert {
  readonly name: string;
  readonly displayName: string;
  /** PromQL that has a value while something is wrong. */
  readonly query: string;
  /** How long it must be wrong. */
  readonly duration: `${number}s`;
}

const oneOf = (names: readonly string[]) =>
  names.map((name) => name.replaceAll('.', '\\\\.')).join('|');

const backlogAlerts: readonly Alert[] = processes
  .filter(({ subscriptions }) => subscriptions.length > 0)
  .map(({ name, subscriptions }) => ({
    name: `oldest-unacked-${name}`,
    displayName: `${name}: a message has waited longer than 10 minutes`,
    query: `max by (subscription_id) (pubsub_googleapis_com:subscription_oldest_unacked_message_age{monitored_resource="pubsub_subscription",subscription_id=~"${oneOf(subscriptions)}"}) > 600`,
    duration: '300s',
  }));

const absenceAlerts: readonly Alert[] = processes.map(({ name }) => ({
  name: `no-heartbeat-${name}`,
  displayName: `${name}: no replica runs`,
  query: `absent(kubernetes_io:container_uptime{monitored_resource="k8s_container",container_name="${name}"})`,
  duration: '300s',
}));

const alerts: readonly Alert[] = [
  ...backlogAlerts,
  ...absenceAlerts,
  {
    name: 'dead-letters',
    displayName: 'dead letters wait for somebody',
    query: 'max(nightshift_dead_letters_open) > 0',
    duration: '0s',
  },
  {
    name: 'slot-retained-bytes',
    displayName: 'the replication slot keeps more than 5 GiB of log',
    query: 'max(nightshift_cdc_slot_retained_bytes) > 5 * 1024 ^ 3',
    duration: '300s',
  },
  {
    name: 'outbox-age',
    displayName: 'the outbox keeps rows for more than 8 days: nobody prunes',
    query: 'max(nightshift_outbox_oldest_seconds) > 8 * 24 * 3600',
    duration: '600s',
  },
  {
    name: 'slot-lag',
    displayName: 'events have waited in the outbox for more than 5 minutes',
    query: 'max(nightshift_cdc_slot_lag_seconds) > 300',
    duration: '120s',
  },
  {
    name: 'error-ratio',
    displayName: 'more than 5 % of handlings fail',
    query:
      'sum by (subscription) (rate(nightshift_host_messages_total{outcome=~"nack|dead-letter"}[10m])) / sum by (subscription) (rate(nightshift_host_messages_total[10m])) > 0.05',
    duration: '600s',
  },
  {
    name: 'error-ratio-api',
    displayName: 'more than 1 % of requests fail',
    query:
      'sum(rate(nightshift_api_request_duration_seconds_count{status=~"5.*"}[10m])) / sum(rate(nightshift_api_request_duration_seconds_count[10m])) > 0.01',
    duration: '300s',
  },
  {
    name: 'error-ratio-jobs',
    displayName: 'more than 20 % of attempts at jobs fail',
    query:
      'sum by (queue) (rate(job_failures_total[30m])) / (sum by (queue) (rate(job_failures_total[30m])) + sum by (queue) (rate(job_completions_total[30m]))) > 0.2',
    duration: '600s',
  },
  {
    name: 'queue-depth',
    displayName: 'more than 10,000 jobs of a queue wait',
    query:
      'sum by (queue) (max by (queue, job, state) (queue_depth{state="pending"})) > 10000',
    duration: '600s',
  },
  {
    name: 'queue-age',
    displayName: 'a job has been due for 15 minutes and nobody has begun it',
    query: 'max by (queue) (queue_oldest_due_seconds) > 900',
    duration: '300s',
  },
  {
    name: 'stuck-jobs',
    displayName: 'a job runs longer than it may',
    query: 'max by (queue) (queue_stuck_jobs) > 0',
    duration: '300s',
  },
];

const dashboard = {
  displayName: 'Nightshift',
  mosaicLayout: {
    columns: 48,
    tiles: [...alerts].map(({ displayName, query }, index) => ({
      xPos: (index % 2) * 24,
      yPos: Math.floor(index / 2) * 16,
      width: 24,
      height: 16,
      widget: {
        title: displayName,
        xyChart: {
          dataSets: [
            {
              timeSeriesQuery: {
                // The value itself, without the bound of the alert.
                prometheusQuery: query.replace(/ > [^>]+$/, ''),
              },
            },
          ],
        },
      },
    })),
  },
};

/** Alerts and the dashboard of Cloud Monitoring. */
export const monitoring = (settings: StackSettings): Resource[] => [
  ...alerts.map(({ name, displayName, query, duration }) => ({
    type: 'gcp.monitoring.AlertPolicy',
    name,
    args: {
      displayName: `Nightshift ${settings.stack}: ${displayName}`,
      combiner: 'OR',
      conditions: [
        {
          displayName,
          conditionPrometheusQueryLanguage: {
            query,
            duration,
            evaluationInterval: '60s',
          },
        },
      ],
      notificationChannels: settings.notificationChannels,
      userLabels: labelsOf(settings),
    },
  })),
  {
    type: 'gcp.monitoring.Dashboard',
    name: 'nightshift',
    args: { dashboardJson: JSON.stringify(dashboard) },
  },
];
