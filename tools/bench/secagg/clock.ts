/** CPU time of this thread. The kernel brings it up to date at every tick, so short spans are measured in rows. */
export function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
