/** What a program said about its checks, in the Test Anything Protocol. */
export class TapReport {
  #planned: number | undefined;
  #passed = 0;
  readonly #failed: string[] = [];

  /** Takes one line of the program's output. Lines that are not of the protocol change nothing. */
  read(line: string): void {
    const plan = /^1\.\.(\d+)$/.exec(line);
    if (plan) this.#planned = Number(plan[1]);
    else if (/^ok \d+\b/.test(line)) this.#passed += 1;
    else if (/^not ok \d+\b/.test(line)) this.#failed.push(line);
    else if (line.startsWith('Bail out!')) this.#failed.push(line);
  }

  get passed(): number {
    return this.#passed;
  }

  /** Why the program has not shown what it set out to show, undefined if it has. */
  get defect(): string | undefined {
    if (this.#failed[0] !== undefined) return this.#failed[0];
    if (this.#planned === undefined || this.#planned === 0)
      return 'expected a plan of at least one check, got none';
    if (this.#passed !== this.#planned)
      return `expected ${this.#planned} checks, got: ${this.#passed}`;
    return undefined;
  }
}
