/**
 * Runs Parley for the bench: the server as it is, one media worker. Started on its side and core by parley.ts.
 */
import { ServerProcess } from '../../../../server/test/support/serverProcess.ts';
import { host } from './host.ts';

const [address = '127.0.0.1'] = process.argv.slice(2);
const isLoopback = address === '127.0.0.1';

await host(async () => {
  const server = await ServerProcess.start({
    environment: {
      PARLEY_MEDIA_WORKERS: '1',
      PARLEY_LOG_LEVEL: 'warn',
      // One address for all contenders: IPv4 on the cable.
      ...(!isLoopback && { HOST: '0.0.0.0', PARLEY_ANNOUNCED_ADDRESS: address }),
    },
  });
  return {
    listening: {
      url: `http://${address}:${server.port}`,
      pids: { media: await server.workerPids(), node: [server.pid] },
    },
    stop: () => server.stop(),
  };
});
