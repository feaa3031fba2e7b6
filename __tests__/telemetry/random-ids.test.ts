import { isValidSpanId, isValidTraceId } from '@opentelemetry/api';

import { RandomIds } from '../../src/telemetry/random-ids.ts';

test('ids are valid and none comes twice, also when the supply runs out between two', () => {
  const ids = new RandomIds();
  const made = Array.from({ length: 2_000 }, () => ({
    trace: ids.generateTraceId(),
    span: ids.generateSpanId(),
  }));
  expect(made.every(({ trace }) => isValidTraceId(trace))).toBe(true);
  expect(made.every(({ span }) => isValidSpanId(span))).toBe(true);
  expect(new Set(made.map(({ trace }) => trace)).size).toBe(2_000);
  expect(new Set(made.map(({ span }) => span)).size).toBe(2_000);
});
