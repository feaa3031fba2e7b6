import protos from '@google-cloud/pubsub-api/build/protos/protos.js';

/**
 * The static codecs of `google.pubsub.v1` that Google's client package ships. Only the codecs:
 * the package's main module would load the clients with them.
 */
export const { google } = protos;
export const pubsub = google.pubsub.v1;

export type Topic = InstanceType<typeof pubsub.Topic>;
export type Subscription = InstanceType<typeof pubsub.Subscription>;
export type Snapshot = InstanceType<typeof pubsub.Snapshot>;
export type StreamingPullRequest = InstanceType<
  typeof pubsub.StreamingPullRequest
>;

/** A 64-bit integer as protobufjs gives it: a number, a Long, or nothing. */
export type Integer64 =
  number | string | { toNumber(): number } | null | undefined;

/** As a number; exact up to 2^53, which is 285 years in microseconds. */
export const integer = (value: Integer64): number =>
  typeof value === 'object' && value !== null
    ? value.toNumber()
    : Number(value ?? 0);

/** Milliseconds of a google.protobuf.Duration; undefined when it is not set. */
export const durationMilliseconds = (
  duration: { seconds?: Integer64; nanos?: number | null } | null | undefined,
): number | undefined =>
  duration == null
    ? undefined
    : integer(duration.seconds) * 1000 + (duration.nanos ?? 0) / 1_000_000;

/** Milliseconds since the epoch of a google.protobuf.Timestamp; undefined when it is not set. */
export const timestampMilliseconds = durationMilliseconds;

/** A google.protobuf.Timestamp of milliseconds since the epoch. */
export const timestamp = (
  milliseconds: number,
): { seconds: number; nanos: number } => {
  const seconds = Math.floor(milliseconds / 1000);
  return {
    seconds,
    nanos: Math.round((milliseconds - seconds * 1000) * 1_000_000),
  };
};
