import type { EntityManager } from 'typeorm';

import type { WebhookDeliveryState } from '../../../entity/index.ts';
import { shownAddress } from './address.ts';
import { type PageOf, readList } from './list.ts';

export const endpointStates = ['enabled', 'failing', 'disabled'] as const;
export type EndpointState = (typeof endpointStates)[number];

/** Where a person wants to hear of events, without its secrets. */
export interface ListedEndpoint {
  readonly id: string;
  readonly userId: string;
  /** Without its query. */
  readonly url: string;
  readonly state: EndpointState;
  readonly disabledReason: string | null;
  readonly consecutiveFailures: number;
  readonly failingSince: Date | null;
  readonly createdAt: Date;
}

const endpointColumns = `
  entry.id, entry.user_id as "userId", entry.url,
  case when not entry.enabled then 'disabled' when entry.failing_since is not null then 'failing' else 'enabled' end as state,
  entry.disabled_reason as "disabledReason", entry.consecutive_failures as "consecutiveFailures",
  entry.failing_since as "failingSince", entry.created_at as "createdAt"`;

const endpointConditions: Readonly<Record<EndpointState, string>> = {
  enabled: 'entry.enabled and entry.failing_since is null',
  failing: 'entry.enabled and entry.failing_since is not null',
  disabled: 'not entry.enabled',
};

const withoutQuery = <Row extends { readonly url: string }>(row: Row): Row => ({
  ...row,
  url: shownAddress(row.url),
});

/** Endpoints, the newest first. */
export const listEndpoints = async (
  manager: EntityManager,
  { state, ...page }: PageOf & { readonly state?: EndpointState | undefined },
): Promise<ListedEndpoint[]> => {
  const rows = await readList<ListedEndpoint>(
    manager,
    {
      columns: endpointColumns,
      from: 'webhook_endpoint entry',
      where: state ? [endpointConditions[state]] : [],
      parameters: [],
    },
    page,
  );
  return rows.map(withoutQuery);
};

/** An event on its way to an endpoint. */
export interface ListedDelivery {
  readonly id: string;
  readonly endpointId: string;
  /** Of the endpoint, without its query. */
  readonly url: string;
  readonly eventType: string;
  readonly eventId: string;
  readonly state: WebhookDeliveryState;
  readonly attempts: number;
  /** Of the last attempt that was answered. */
  readonly responseStatus: number | null;
  readonly error: string | null;
  readonly createdAt: Date;
  readonly lastAttemptedAt: Date | null;
  readonly settledAt: Date | null;
}

const deliveryColumns = `
  entry.id, entry.endpoint_id as "endpointId", endpoint.url, entry.event_type as "eventType",
  entry.event_id as "eventId", entry.state, entry.attempts, entry.response_status as "responseStatus", entry.error,
  entry.created_at as "createdAt", entry.last_attempted_at as "lastAttemptedAt", entry.settled_at as "settledAt"`;

const deliveriesFrom =
  'webhook_deliveries entry join webhook_endpoint endpoint on endpoint.id = entry.endpoint_id';

export interface DeliveryFilter extends PageOf {
  readonly state?: WebhookDeliveryState | undefined;
  readonly endpoint?: string | undefined;
}

/** Deliveries, the newest first. */
export const listDeliveries = async (
  manager: EntityManager,
  { state, endpoint, ...page }: DeliveryFilter,
): Promise<ListedDelivery[]> => {
  const rows = await readList<ListedDelivery>(
    manager,
    {
      columns: deliveryColumns,
      from: deliveriesFrom,
      where: [
        // The planner finds an index of its own by the word, not by a parameter.
        ...(state ? [`entry.state = '${state}'`] : []),
        ...(endpoint === undefined ? [] : ['entry.endpoint_id = $1']),
      ],
      parameters: endpoint === undefined ? [] : [endpoint],
    },
    page,
  );
  return rows.map(withoutQuery);
};

/** A delivery with what its receiver answered. */
export interface DeliveryDetails extends ListedDelivery {
  readonly payload: unknown;
  readonly responseHeaders: Readonly<Record<string, string>> | null;
  /** The job that delivers it. */
  readonly jobId: string | null;
}

/** @returns `undefined` if there is none of this id. */
export const findDelivery = async (
  manager: EntityManager,
  id: string,
): Promise<DeliveryDetails | undefined> => {
  const [row] = await manager.query<DeliveryDetails[]>(
    `select ${deliveryColumns}, entry.payload, entry.response_headers as "responseHeaders", entry.job_id as "jobId"
     from ${deliveriesFrom} where entry.id = $1`,
    [id],
  );
  return row && withoutQuery(row);
};
