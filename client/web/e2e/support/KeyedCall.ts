/**
 * Owns a server that knows the tests' API key, and two people in front of it. Does not own what their tokens say nor what they do.
 */
import { ServerProcess } from '../../../../server/test/support/serverProcess.ts';
import { testKey } from '../../../../server/test/support/tokens.ts';
import { looks } from './fakeMedia.ts';
import { Person, type PersonOptions } from './Person.ts';

/** Ada and Ben have not joined anything yet. */
export class KeyedCall {
  readonly server: ServerProcess;
  readonly ada: Person;
  readonly ben: Person;

  private constructor(server: ServerProcess, ada: Person, ben: Person) {
    this.server = server;
    this.ada = ada;
    this.ben = ben;
  }

  /** @param ofAda what she has of her own. */
  static async start(ofAda: PersonOptions = {}): Promise<KeyedCall> {
    const environment = { PARLEY_API_KEYS: `${testKey.key}:${testKey.secret}` };
    const [server, ada, ben] = await Promise.all([
      ServerProcess.start({ environment }),
      Person.start('Ada', looks.red, ofAda),
      Person.start('Ben', looks.green),
    ]);
    return new KeyedCall(server, ada, ben);
  }

  async stop(): Promise<void> {
    await Promise.all([this.ada.stop(), this.ben.stop()]);
    await this.server.stop();
  }
}
