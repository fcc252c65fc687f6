/** The node list in memory passes the contract. */
import { MemoryNodeStore } from '../../src/cluster/MemoryNodeStore.ts';
import { FakeClock } from '../support/FakeClock.ts';
import { nodeStoreContract } from './nodeStore.contract.ts';

nodeStoreContract(
  'MemoryNodeStore',
  async () => {
    const clock = new FakeClock();
    return {
      store: new MemoryNodeStore(clock),
      advance: async (ms) => clock.advance(ms),
      dispose: async () => {},
    };
  },
  4_000,
);
