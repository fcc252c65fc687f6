/**
 * Owns the answer to how many packets a second one core of bots accounts for: server, worker and publishers on core 0, viewers on core 1,
 * `node loadtest/bench/botCost.ts [rooms 3] [viewers per room 99] [seconds 10] [folder for a CPU profile of the viewers]`.
 * Does not judge: what was lost, frozen or late stands beside the figure. Does not own what the processes do (botCostProcess.ts).
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ServerProcess } from '../../server/test/support/serverProcess.ts';
import { botProcessFlags } from '../src/bot/index.ts';
import type { CostOrders } from './botCostProcess.ts';
import { cpuSeconds } from './compare/cpuTime.ts';

const program = fileURLToPath(new URL('./botCostProcess.ts', import.meta.url));
const [rooms = 3, viewers = 99, seconds = 10] = process.argv.slice(2, 5).map(Number);
const profileFolder = process.argv[5];

const server = await ServerProcess.start({
  environment: { PARLEY_MEDIA_WORKERS: '1', PARLEY_LOG_LEVEL: 'warn' },
});
const serverPids = [server.pid, ...(await server.workerPids())];
for (const pid of serverPids) execFileSync('taskset', ['-acp', '0', String(pid)], { stdio: 'ignore' });

function start(core: number, orders: CostOrders, flags: readonly string[] = []): ChildProcess {
  const command = [process.execPath, ...botProcessFlags, ...flags, program, JSON.stringify(orders)];
  return spawn('taskset', ['-c', String(core), ...command], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

const common = { url: server.url, rooms, perRoom: viewers, seconds };
const publishers = start(0, { ...common, publishes: true });
try {
  await once(publishers, 'message');
  const profile = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const measured = start(1, { ...common, publishes: false }, profile);
  let before = 0;
  measured.on('message', async (message) => {
    const used = await cpuSeconds(serverPids);
    if (message === 'end')
      console.log(`server and worker: ${Math.round((100 * (used - before)) / seconds)} % of a core`);
    before = used;
  });
  await once(measured, 'exit');
} finally {
  publishers.kill();
  await server.stop();
}
