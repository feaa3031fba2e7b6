import { rewind } from '../../../src/flows/orchestration/rewind.ts';
import fc from '../../random/property.ts';
import { Model } from './model.ts';
import { plans } from './planned.ts';

/** Which of the running steps ends next, and how. */
const choices = fc.array(fc.tuple(fc.nat(), fc.boolean()), {
  minLength: 64,
  maxLength: 64,
});

const hasEnded = (state: string | undefined): boolean =>
  state === 'completed' || state === 'skipped';

/** Ends steps in the order of the choices; looks after each. */
const play = (
  model: Model,
  order: readonly (readonly [number, boolean])[],
  look: () => void = () => undefined,
): void => {
  for (const [pick, skips] of order) {
    const { running } = model;
    if (running.length === 0) return;
    model.end(running[pick % running.length]!, skips ? 'skipped' : 'completed');
    look();
  }
};

test('in whatever order steps end, each begins once, after all that it depends on, and the run ends with the last', () => {
  fc.assert(
    fc.property(plans, choices, (plan, order) => {
      const model = new Model(plan);
      const deps = new Map(plan.steps.map((step) => [step.name, step.deps]));
      let seen = 0;
      const look = () => {
        for (const name of model.began.slice(seen))
          expect(
            deps.get(name)!.every((dep) => hasEnded(model.states.get(dep))),
          ).toBe(true);
        seen = model.began.length;
        const all = [...model.states.values()].every(hasEnded);
        expect(model.pending === 0).toBe(all);
      };
      play(model, order, look);
      expect([...model.began].sort()).toEqual(
        plan.steps.map(({ name }) => name).sort(),
      );
      expect(model.pending).toBe(0);
      expect([...model.waitingOn.values()].every((left) => left === 0)).toBe(
        true,
      );
    }),
  );
});

test('a run that failed anywhere goes on to its end, and does nothing again that had ended', () => {
  fc.assert(
    fc.property(plans, choices, fc.nat(64), (plan, order, failsAt) => {
      const model = new Model(plan);
      play(model, order.slice(0, failsAt));
      const failed = model.running[0];
      if (failed === undefined) return;
      model.states.set(failed, 'failed');
      const ended = [...model.states].filter(([, state]) => hasEnded(state));
      const before = model.began.length;
      model.rewind(rewind(plan, model.states));
      play(model, order);
      expect([...model.states.values()].every(hasEnded)).toBe(true);
      expect(model.pending).toBe(0);
      for (const [name] of ended)
        expect(model.began.slice(before)).not.toContain(name);
    }),
  );
});

test('a run that begins again at a step does that step and everything below it once more, and nothing else', () => {
  fc.assert(
    fc.property(plans, choices, fc.nat(), (plan, order, pick) => {
      if (plan.steps.length === 0) return;
      const model = new Model(plan);
      play(model, order);
      const from = plan.steps[pick % plan.steps.length]!.name;
      const before = model.began.length;
      model.rewind(rewind(plan, model.states, from));
      play(model, order);
      const again = new Set(model.began.slice(before));
      expect(again.has(from)).toBe(true);
      for (const { name, deps } of plan.steps)
        expect(again.has(name)).toBe(
          name === from || deps.some((dep) => again.has(dep)),
        );
      expect(model.pending).toBe(0);
    }),
  );
});
