import { SlotMap } from '../../src/host/slot-map.ts';

test('a slot map gives what was put in under a key until it is deleted, and uses its slots again', () => {
  const map = new SlotMap<string>();
  const model = new Map<string, string>();
  for (let step = 0; step < 1_000; step += 1) {
    const key = `key ${(step * 7) % 31}`;
    if (model.has(key)) {
      map.delete(key);
      model.delete(key);
    } else {
      map.add(key, `value ${step}`);
      model.set(key, `value ${step}`);
    }
    expect(map.get(key)).toBe(model.get(key));
  }
  expect(map.values().sort()).toEqual([...model.values()].sort());
  map.delete('unknown');
  expect(map.get('unknown')).toBeUndefined();
});
