import { z } from 'zod';

import type { Finding } from './check.ts';

const readinessSchema = z.object({
  ok: z.boolean(),
  checks: z.record(z.string(), z.string()),
});

/** Shorter than the time limit of a check. */
const probeMilliseconds = 3_000;

const readyUrl = (address: string): string =>
  new URL('/health/ready', address).href;

/** @returns undefined if nobody answers and nobody has to. */
const findingOf = async (
  address: string,
  expected: boolean,
): Promise<Finding | undefined> => {
  let body: unknown;
  try {
    const response = await fetch(readyUrl(address), {
      signal: AbortSignal.timeout(probeMilliseconds),
    });
    body = await response.json();
  } catch {
    if (!expected) return undefined;
    return {
      level: 'broken',
      message: `The process at ${address} does not answer ${new URL(readyUrl(address)).pathname}.`,
      remedy: 'start it, or look in its log for why it ended',
    };
  }
  const readiness = readinessSchema.safeParse(body);
  if (!readiness.success) {
    if (!expected) return undefined;
    return {
      level: 'broken',
      message: `What answers at ${address} is no process of Nightshift.`,
      remedy: 'name the address and HEALTH_PORT of a background process',
    };
  }
  const { ok, checks } = readiness.data;
  if (ok)
    return {
      level: 'ok',
      message: `The process at ${address} is ready: every subscription that it serves is streaming, or paused by an operator.`,
    };
  const troubles = Object.entries(checks)
    .filter(([, state]) => state !== 'ok')
    .map(([name, state]) => `${name}: ${state}`);
  return {
    level: 'broken',
    message: `The process at ${address} is not ready (${troubles.join('; ')}).`,
    remedy:
      'it opens streams again by itself; if a reason stays, mend that: a missing subscription with nightshift provision',
  };
};

/**
 * Asks processes whether they are ready.
 *
 * @param expected a process that does not answer is a finding.
 */
export const processFindings = async (
  addresses: readonly string[],
  expected: boolean,
): Promise<Finding[]> =>
  (
    await Promise.all(addresses.map((address) => findingOf(address, expected)))
  ).flatMap((finding) => finding ?? []);
