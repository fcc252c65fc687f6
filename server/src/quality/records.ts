/**
 * Owns the way of a participant's report to what is stored, and from there to what the API gives.
 * Does not own measuring nor storing.
 */
import type { QualityReport } from '@parley/protocol';
import { ParticipantFacts, PublicationFacts, type QualityRecord, type StoredQuality } from './ports.ts';

/** What every record of one report has in common. */
export type Reporter = Omit<StoredQuality, 'publicationId' | 'facts'>;

/** Whether a publication is of this peer: `<peerId>.<source>`. */
const isOwnPublication = (publicationId: string, peerId: string): boolean =>
  publicationId.startsWith(`${peerId}.`);

/** The records of a report: one of the participant, one per publication. */
export function recordsOf(reporter: Reporter, report: QualityReport): StoredQuality[] {
  const participant = JSON.stringify(ParticipantFacts.parse(report));
  return [
    { ...reporter, publicationId: '', facts: participant },
    ...report.publications.map(({ publicationId, ...measured }) => {
      const direction = isOwnPublication(publicationId, reporter.peerId) ? 'sent' : 'received';
      return { ...reporter, publicationId, facts: JSON.stringify({ direction, ...measured }) };
    }),
  ];
}

/** What the API shows of a stored record. */
export function toRecord(stored: StoredQuality): QualityRecord {
  const { callId, peerId, visitId, publicationId, userId, updatedAtMs } = stored;
  const common = { callId, peerId, visitId, userId, updatedAtMs };
  const facts: unknown = JSON.parse(stored.facts);
  return publicationId === ''
    ? { ...common, ...ParticipantFacts.parse(facts) }
    : { ...common, publicationId, ...PublicationFacts.parse(facts) };
}
