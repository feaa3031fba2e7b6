/** Webhooks, connections and exports. */
export const integrationsSchema = /* GraphQL */ `
  extend type Query {
    "For operators. Where people want to hear of events, the newest first."
    webhookEndpoints(
      state: WebhookEndpointState
      first: Int! = 50
      after: ID
    ): WebhookEndpointPage!
    "For operators. Events on their way to endpoints, the newest first."
    webhookDeliveries(
      state: WebhookDeliveryState
      endpoint: ID
      first: Int! = 50
      after: ID
    ): WebhookDeliveryPage!
    "For operators. A delivery with its attempts, and with what people wrote hidden."
    webhookDelivery(id: ID!): WebhookDeliveryDetails!
    "For operators. Feeds whose items become posts, the newest first."
    feedConnections(
      state: FeedConnectionState
      first: Int! = 50
      after: ID
    ): FeedConnectionPage!
    "For operators. With how much of its feed was taken over."
    feedConnection(id: ID!): FeedConnectionDetails!
    "For operators. Files that people asked for, the newest first; no links to them."
    exports(
      state: RequestedExportState
      first: Int! = 50
      after: ID
    ): ExportPage!
  }

  extend type Mutation {
    "For operators. Creates the job that syncs a connection now; its id."
    syncConnection(id: ID!, reason: String): ID!
  }

  "\`failing\`: enabled, and nothing has arrived since its last failure."
  enum WebhookEndpointState {
    enabled
    failing
    disabled
  }

  type WebhookEndpoint {
    id: ID!
    userId: ID!
    "Without its query."
    url: String!
    state: WebhookEndpointState!
    disabledReason: String
    consecutiveFailures: Int!
    failingSince: DateTime
    createdAt: DateTime!
  }

  type WebhookEndpointPage {
    items: [WebhookEndpoint!]!
    "Null on the last page."
    next: ID
  }

  enum WebhookDeliveryState {
    pending
    delivered
    failed
  }

  type WebhookDelivery {
    id: ID!
    endpointId: ID!
    "Of its endpoint, without its query."
    url: String!
    eventType: String!
    eventId: String!
    state: WebhookDeliveryState!
    attempts: Int!
    "Of the last attempt that was answered."
    responseStatus: Int
    error: String
    createdAt: DateTime!
    lastAttemptedAt: DateTime
    settledAt: DateTime
  }

  type WebhookDeliveryPage {
    items: [WebhookDelivery!]!
    "Null on the last page."
    next: ID
  }

  type WebhookDeliveryDetails {
    delivery: WebhookDelivery!
    payload: JSON
    "Those that help to find it in the receiver's logs."
    responseHeaders: JSON
    jobId: ID
    "Of the job that delivers it: those that failed, or had something to tell."
    history: [JobAttempt!]!
  }

  "\`failing\`: its last sync failed."
  enum FeedConnectionState {
    healthy
    failing
    disabled
  }

  type FeedConnection {
    id: ID!
    sourceId: ID!
    "The name of the source that gets its posts."
    source: String!
    "Without its query."
    url: String!
    state: FeedConnectionState!
    isSyncing: Boolean!
    lastAttemptedAt: DateTime
    lastSyncedAt: DateTime
    lastError: String
    consecutiveFailures: Int!
    "Null if it is disabled."
    nextSyncAt: DateTime
    "Until when a hub tells of its news at once."
    hubExpiresAt: DateTime
    hubError: String
    createdAt: DateTime!
  }

  type FeedConnectionPage {
    items: [FeedConnection!]!
    "Null on the last page."
    next: ID
  }

  type FeedConnectionDetails {
    connection: FeedConnection!
    "Items of its feed that were taken over."
    items: Int!
    lastItemAt: DateTime
  }

  enum RequestedExportState {
    requested
    running
    ready
    failed
  }

  type RequestedExport {
    id: ID!
    "Null once the person is gone."
    userId: ID
    kind: String!
    format: String!
    state: RequestedExportState!
    rows: Int
    bytes: Float
    error: String
    requestedAt: DateTime!
    finishedAt: DateTime
    "When retention deletes it."
    expiresAt: DateTime!
  }

  type ExportPage {
    items: [RequestedExport!]!
    "Null on the last page."
    next: ID
  }
`;
