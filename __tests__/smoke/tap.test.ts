import { TapReport } from '../../smoke/tap.ts';

const report = (...lines: string[]): TapReport => {
  const tap = new TapReport();
  for (const line of lines) tap.read(line);
  return tap;
};

describe("a program's report", () => {
  it('has no defect when every planned check passed', () => {
    const tap = report('1..2', 'ok 1 - one', 'noise', 'ok 2 - two');
    expect(tap).toMatchObject({ passed: 2, defect: undefined });
  });

  it('names the check that failed', () => {
    const tap = report('1..2', 'not ok 1 - one', '# why');
    expect(tap.defect).toBe('not ok 1 - one');
  });

  it('has a defect when the program ended before its last check', () => {
    expect(report('1..2', 'ok 1 - one').defect).toBe(
      'expected 2 checks, got: 1',
    );
  });

  it('has a defect when the program showed nothing', () => {
    expect(report().defect).toContain('expected a plan');
    expect(report('1..0').defect).toContain('expected a plan');
  });

  it('has a defect when the program gave up', () => {
    const tap = report('1..1', 'ok 1 - one', 'Bail out! closing the client');
    expect(tap.defect).toBe('Bail out! closing the client');
  });
});
