/** What a fault of the coordinator means to the person in front of the page: what happened, why, what to do. */
import type { FaultCode } from '../protocol/faults.ts';

const WORDS: Record<FaultCode, string> = {
  malformed:
    'The coordinator could not read a message of this tab. Reload the page; if it stays so, its version is another than the coordinator’s.',
  oversized: 'A message of this tab was too large for the coordinator. Reload the page.',
  'unsupported-protocol': 'This page is of another version than the coordinator. Reload it.',
  'unknown-run':
    'The coordinator knows no such run. The link may be cut short, or the run was deleted: ask whoever sent it for a new one.',
  'unknown-invitation':
    'This invitation does not open this run. The link may be cut short: ask whoever sent it for a new one.',
  'run-ended': 'This run is over.',
  'run-full': 'This run takes no more participants. Ask whoever sent the link for another run.',
  'bad-proof': 'The coordinator could not verify this tab’s identity. Reload the page.',
  replaced: 'This tab’s identity has connected from somewhere else. Reload the page to take part here.',
  'unknown-sid': 'The coordinator knows no such round.',
  'wrong-phase': 'The coordinator did not expect a message of this tab. Reload the page.',
  'wrong-length': 'The coordinator refused this tab’s upload. Reload the page.',
  'wrong-hash': 'A part of this tab’s upload arrived damaged. Reload the page.',
  'bad-signature': 'The coordinator could not verify a signature of this tab. Reload the page.',
  'not-in-roster': 'The coordinator does not count this tab in its round.',
  'second-key': 'The coordinator refused this tab’s key. Reload the page.',
  'second-value': 'The coordinator holds another answer of this tab already.',
  'too-many-messages': 'This tab sent more messages than the coordinator takes. Reload the page.',
};

export const faultInWords = (code: FaultCode): string => WORDS[code];
