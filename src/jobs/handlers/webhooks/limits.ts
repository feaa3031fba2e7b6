/** What one delivery may take, and how long an endpoint is tried. */
export interface DeliveryLimits {
  /** Seconds for one request: less than its job may take. @default 20 */
  readonly requestSeconds: number;
  /** Bytes of an answer that are kept. @default 4096 */
  readonly keptBytes: number;
  /** Deliveries in a row that fail for good before an endpoint is disabled. @default 10 */
  readonly maximumFailures: number;
  /** Hours that they have to span, so that a short outage disables nothing. @default 24 */
  readonly failingHours: number;
}

export const deliveryLimits: DeliveryLimits = {
  requestSeconds: 20,
  keptBytes: 4_096,
  maximumFailures: 10,
  failingHours: 24,
};

/** Bytes of a payload as JSON. */
export const largestWebhook = 256 * 1024;

/** Endpoints of one person: an event is written once for each. */
export const maximumEndpoints = 20;

/** Jobs that one delivery gets when no attempt of the last ones came to its end. */
export const maximumJobs = 3;
