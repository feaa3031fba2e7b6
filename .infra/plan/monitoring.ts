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
    name: 'error-ratio',
    displayName: 'more than 5 % of handlings fail',
    query:
      'sum by (subscription) (rate(nightshift_host_messages_total{outcome=~"nack|dead-letter"}[10m])) / sum by (subscription) (rate(nightshift_host_messages_total[10m])) > 0.05',
    duration: '600s',
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
