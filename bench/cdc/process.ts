import { readFile } from 'node:fs/promises';

/** Ticks a second in /proc, the same on every Linux that Node runs on. */
const ticks = 100;

/** User and system time of a process so far, in seconds. */
export const cpuSeconds = async (pid: number): Promise<number> => {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1');
  // The fields after the name, which may hold anything: see proc(5), utime and stime.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticks;
};

/** Resident memory, in bytes: now, and the most that it was. */
export const memory = async (
  pid: number,
): Promise<{ readonly resident: number; readonly peak: number }> => {
  const text = await readFile(`/proc/${pid}/status`, 'latin1');
  const kilobytes = (field: string) =>
    Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(text)?.[1]) * 1024;
  return { resident: kilobytes('VmRSS'), peak: kilobytes('VmHWM') };
};
