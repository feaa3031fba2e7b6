/** One thing that the doctor found. */
export interface DoctorFinding {
  readonly check: string;
  readonly level: 'ok' | 'note' | 'warning' | 'broken';
  readonly message: string;
  readonly remedy?: string;
}

/** Asks the doctor; given by a process that knows what runs where. */
export type Examine = () => Promise<readonly DoctorFinding[]>;

export interface DoctorAnswer {
  readonly available: boolean;
  readonly at: Date;
  readonly findings: readonly DoctorFinding[];
}

/** Milliseconds in which a second reader gets what the first one got: the doctor has connections of its own. */
const freshness = 30_000;
/** Milliseconds in which a reader gets the last answer while a new one is made: a look takes seconds over many rows. */
const patience = 90_000;

/** Asks the doctor for all who ask, once for many. */
export const doctorFor = (
  examine: Examine | undefined,
): (() => Promise<DoctorAnswer>) => {
  let last: { at: number; answer: Promise<DoctorAnswer> } | undefined;
  let settled: { at: number; answer: DoctorAnswer } | undefined;
  return () => {
    if (!examine)
      return Promise.resolve({
        available: false,
        at: new Date(),
        findings: [],
      });
    if (!last || performance.now() - last.at > freshness) {
      const look = {
        at: performance.now(),
        answer: examine().then((findings) => ({
          available: true,
          at: new Date(),
          findings,
        })),
      };
      last = look;
      look.answer.then(
        (answer) => {
          settled = { at: look.at, answer };
        },
        () => {
          if (last === look) last = undefined;
        },
      );
    }
    return settled && performance.now() - settled.at <= patience
      ? Promise.resolve(settled.answer)
      : last.answer;
  };
};
