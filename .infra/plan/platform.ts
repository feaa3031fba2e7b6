import { databaseConnections } from './processes.ts';
import { labelsOf, type Resource, type StackSettings } from './resource.ts';

/** Network, database and cluster, in the order in which they are made. */
export const platform = (settings: StackSettings): Resource[] => {
  const { project, region, databaseTier, highAvailability } = settings;
  const network = `projects/${project}/global/networks/nightshift`;
  return [
    {
      type: 'gcp.compute.Network',
      name: 'nightshift',
      args: { name: 'nightshift', autoCreateSubnetworks: true },
    },
    {
      type: 'gcp.compute.GlobalAddress',
      name: 'nightshift-database',
      args: {
        name: 'nightshift-database',
        purpose: 'VPC_PEERING',
        addressType: 'INTERNAL',
        prefixLength: 16,
        network,
      },
    },
    {
      type: 'gcp.servicenetworking.Connection',
      name: 'nightshift',
      args: {
        network,
        service: 'servicenetworking.googleapis.com',
        reservedPeeringRanges: ['nightshift-database'],
      },
    },
    {
      type: 'gcp.sql.DatabaseInstance',
      name: 'nightshift',
      args: {
        name: 'nightshift',
        region,
        databaseVersion: 'POSTGRES_18',
        deletionProtection: true,
        settings: {
          tier: databaseTier,
          edition: 'ENTERPRISE',
          availabilityType: highAvailability ? 'REGIONAL' : 'ZONAL',
          databaseFlags: [
            { name: 'cloudsql.logical_decoding', value: 'on' },
            {
              name: 'max_connections',
              value: String(databaseConnections(settings.maximumReplicas)),
            },
            // A slot that nobody reads may not fill the disk.
            { name: 'max_slot_wal_keep_size', value: '20480' },
          ],
          backupConfiguration: {
            enabled: true,
            pointInTimeRecoveryEnabled: true,
          },
          ipConfiguration: {
            ipv4Enabled: false,
            privateNetwork: network,
            sslMode: 'ENCRYPTED_ONLY',
          },
          userLabels: labelsOf(settings),
        },
      },
    },
    {
      type: 'gcp.sql.Database',
      name: 'nightshift',
      args: { name: 'nightshift', instance: 'nightshift' },
    },
    {
      type: 'gcp.container.Cluster',
      name: 'nightshift',
      args: {
        name: 'nightshift',
        location: region,
        network,
        enableAutopilot: true,
        secretManagerConfig: { enabled: true },
        secretSyncConfig: { enabled: true },
        resourceLabels: labelsOf(settings),
        deletionProtection: true,
      },
    },
  ];
};
