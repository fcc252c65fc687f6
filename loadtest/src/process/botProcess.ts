/**
 * Owns a bot process: what comes from the tool goes to the host of the bots, and its answers go back. Started by BotProcess.
 * Does not own anything that a bot does.
 */
import { BotHost, type Handlers } from './BotHost.ts';
import { CommandFrame, type CommandName, commands } from './messages.ts';

const host = new BotHost();

async function answer<N extends CommandName>(name: N, data: unknown): Promise<unknown> {
  const handler: Handlers[N] = host.handlers[name];
  const schema: { parse(input: unknown): unknown } = commands[name].data;
  return handler(schema.parse(data) as Parameters<typeof handler>[0]);
}

process.on('message', (raw) => {
  const { id, name, data } = CommandFrame.parse(raw);
  answer(name, data).then(
    (ok) => process.send?.({ id, ok }),
    (error: unknown) =>
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
// The tool is gone, whatever the reason: nothing may be left running.
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group; the tool decides what follows.
process.on('SIGINT', () => {});
