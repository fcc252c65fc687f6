/**
 * Owns finding out which SRTP profile a server agrees to with our native stack: one connection through a relay that reads the DTLS
 * handshake. Does not own the handshake's form (dtlsHandshake.ts).
 */
import { PROTOCOL_VERSION, type TransportInfo } from '@parley/protocol';
import { NativeConnection } from '../../../src/bot/NativeConnection.ts';
import { nativeRtpCapabilities } from '../../../src/bot/nativeCapabilities.ts';
import { Line } from '../../../src/socket/Line.ts';
import type { Dialect } from '../contenders/Contender.ts';
import { asks } from '../contenders/mediasoupWire.ts';
import { DtlsRelay } from './DtlsRelay.ts';
import { connectToJanus } from './janusPeer.ts';
import type { LoadTarget } from './LoadRun.ts';
import { AskSocket } from './mediasoupPeer.ts';

type DtlsParameters = Parameters<Opened['connect']>[0];

/** A transport of the server, and how to tell it who we are. */
interface Opened {
  readonly info: TransportInfo;
  connect(dtlsParameters: TransportInfo['dtlsParameters']): Promise<unknown>;
  close(): void;
}

/** Gives IANA's name of it. */
export async function readSrtpProfile(target: LoadTarget & { readonly dialect: Dialect }): Promise<string> {
  const relay = await DtlsRelay.open(target.localAddress);
  try {
    if (target.dialect === 'janus') return await throughJanus(target, relay);
    const opened = await (target.dialect === 'parley' ? openParley(target) : openMediasoup(target));
    const candidate = opened.info.iceCandidates.find(({ protocol }) => protocol === 'udp');
    if (!candidate) throw new Error('the server offers no UDP candidate');
    relay.connectTo(candidate.address, candidate.port);
    const relayed = { ...candidate, address: target.localAddress, ip: target.localAddress, port: relay.port };
    const connection = new NativeConnection(
      { ...opened.info, iceCandidates: [relayed] },
      target.localAddress,
      {
        packet: () => {},
        stateChanged: () => {},
      },
    );
    try {
      await opened.connect(dtlsOf(connection.dtlsParameters));
      return await relay.profile;
    } finally {
      connection.close();
      opened.close();
    }
  } finally {
    relay.close();
  }
}

const dtlsOf = (parameters: unknown): DtlsParameters =>
  asks.connect.data.shape.dtlsParameters.parse(parameters);

const capabilities = () => asks.createTransport.data.shape.rtpCapabilities.parse(nativeRtpCapabilities());

async function openParley({ url, localAddress }: LoadTarget): Promise<Opened> {
  const line = await Line.open(`${url.replace(/^http/, 'ws')}/ws`, localAddress, {
    notified: () => {},
    closed: () => {},
  });
  await line.request('hello', { protocolVersion: PROTOCOL_VERSION });
  await line.request('join', { roomId: 'bench-srtp', displayName: 'bench' });
  const info = await line.request('createTransport', { direction: 'recv', rtpCapabilities: capabilities() });
  const { transportId } = info;
  return {
    info,
    connect: (dtlsParameters) => line.request('connectTransport', { transportId, dtlsParameters }),
    close: () => line.close(),
  };
}

async function openMediasoup({ url, localAddress }: LoadTarget): Promise<Opened> {
  const socket = await AskSocket.open(url, localAddress);
  await socket.ask('join', { room: 'srtp' });
  const info = await socket.ask('createTransport', { rtpCapabilities: capabilities() });
  const { transportId } = info;
  return {
    info,
    connect: (dtlsParameters) => socket.ask('connect', { transportId, dtlsParameters }),
    close: () => socket.close(),
  };
}

/** What is forwarded goes to receivers, so theirs is the profile that counts. */
async function throughJanus(target: LoadTarget, relay: DtlsRelay): Promise<string> {
  const { url, localAddress, media } = target;
  const common = { url, room: 'bench-0', localAddress, media, talks: true, layout: undefined };
  const nothing = { audio: false, video: false };
  const publisher = await connectToJanus({
    ...common,
    name: 'sends',
    publish: { audio: true, video: false },
    subscribe: false,
  });
  const viewer = await connectToJanus(
    { ...common, name: 'receives', publish: nothing, subscribe: true },
    {
      theirs: (path) => {
        const [, address, port] =
          / (\d+\.\d+\.\d+\.\d+) (\d+) typ host/.exec(path.candidates.find(isUdp) ?? '') ?? [];
        if (address === undefined) throw new Error('Janus offers no UDP candidate');
        relay.connectTo(address, Number(port));
        return { ...path, candidates: [`a=candidate:1 1 udp 1 ${localAddress} ${relay.port} typ host`] };
      },
      // Janus learns of the relay by what comes from it.
      ours: (path) => ({ ...path, candidates: [] }),
    },
  );
  try {
    await viewer.subscribe();
    return await relay.profile;
  } finally {
    await viewer.leave();
    await publisher.leave();
  }
}

const isUdp = (candidate: string): boolean => / udp /i.test(candidate);
