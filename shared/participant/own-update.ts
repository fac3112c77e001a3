/**
 * What became of a tab's own update in a round, and how its own page says it. None of it goes on the wire: a decline
 * names its reason alone, and under noise there is no decline, so that nobody can tell (design: PRIVACY.md, "a failed
 * update").
 */
import { fail, type Result } from '../base/result.ts';
import { l2Norm } from '../privacy/clip.ts';
import type { NoiseMode } from '../privacy/mechanism-parameters.ts';
import type { Offer } from '../protocol/messages/directions.ts';
import type { TrainFault, TrainOutcome } from './ports.ts';

/** Without noise, a number this many times beyond what the run carries is taken for exploded rather than cut. */
const EXPLODED_RANGES = 8;

export type UpdateFate =
  /** There is nothing of it to send. */
  | { readonly kind: 'failed'; readonly fault: TrainFault }
  /** Under noise: scaled down from its Euclidean `norm` to `clipNorm`. */
  | { readonly kind: 'shortened'; readonly norm: number; readonly clipNorm: number }
  /** Without noise: `numbers` of its `of` numbers were beyond ±`range`, and are sent as that. */
  | { readonly kind: 'cut'; readonly numbers: number; readonly of: number; readonly range: number };

/** What cannot be sent is a fault like any other of training; under noise every finite update can. */
export function withinOffer(
  trained: Result<TrainOutcome, TrainFault>,
  { privacy, quantization, weightMax }: Pick<Offer, 'privacy' | 'quantization' | 'weightMax'>,
): Result<TrainOutcome, TrainFault> {
  if (!trained.ok) return trained;
  const { delta, examples } = trained.value;
  const largest = delta.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  if (!Number.isFinite(largest))
    return fail({ code: 'non-finite', detail: 'A number of the update stopped being one.' });
  if (privacy !== null) return trained;
  if (examples > weightMax)
    return fail({
      code: 'unfit-data',
      detail: `This tab has ${examples} examples; this run counts at most ${weightMax} of one participant.`,
    });
  const { range } = quantization;
  if (largest <= EXPLODED_RANGES * range) return trained;
  return fail({
    code: 'exploded',
    detail: `The update exploded: a weight changed by ${largest.toPrecision(3)}, and this run carries changes up to ${range}.`,
  });
}

/** Of what `withinOffer` gives; null where the update is sent as it is. */
export function fateOf(
  trained: Result<TrainOutcome, TrainFault>,
  { privacy, quantization }: Pick<Offer, 'privacy' | 'quantization'>,
): UpdateFate | null {
  if (!trained.ok) return { kind: 'failed', fault: trained.fault };
  const { delta } = trained.value;
  if (privacy !== null) {
    const norm = l2Norm(delta);
    const { clipNorm } = privacy.mechanism;
    return norm > clipNorm ? { kind: 'shortened', norm, clipNorm } : null;
  }
  const { range } = quantization;
  const numbers = delta.reduce((count, x) => count + Number(Math.abs(x) > range), 0);
  return numbers === 0 ? null : { kind: 'cut', numbers, of: delta.length, range };
}

const INSTEAD: Readonly<Record<NoiseMode, string>> = {
  none: 'Nothing of this update left this tab.',
  distributed:
    'Nothing of this update leaves this tab. In its place go zeros with this tab’s share of the noise, so that nobody can tell.',
  central:
    'Nothing of this update leaves this tab. In its place go zeros, masked like any update, so that nobody can tell.',
  local:
    'Nothing of this update leaves this tab. In its place go zeros with this tab’s noise, so that nobody can tell.',
};

const ADVICE: Readonly<Record<TrainFault['code'], string>> = {
  'non-finite': 'A smaller learning rate usually helps; the admin sets it.',
  exploded: 'A smaller learning rate usually helps; the admin sets it.',
  'unfit-data': 'Look whether your data are those that this run asks for.',
  backend: 'If it happens again, choose another backend below and reload the page.',
  cancelled: '',
};

/** Null where there is nothing to say: training that was stopped on purpose. */
export function fateInWords(fate: UpdateFate, mode: NoiseMode): string | null {
  switch (fate.kind) {
    case 'failed': {
      const { code, detail } = fate.fault;
      return code === 'cancelled' ? null : `${detail} ${INSTEAD[mode]} ${ADVICE[code]}`;
    }
    case 'shortened': {
      const times = (fate.norm / fate.clipNorm).toPrecision(3);
      return `This update was ${times} times as long as the run allows, and was shortened to that. How long it was stays in this tab.`;
    }
    case 'cut': {
      const [numbers, of] = [fate.numbers, fate.of].map((count) => count.toLocaleString('en'));
      return `${numbers} of this update’s ${of} numbers were beyond ±${fate.range}, the most this run carries, and were cut to that.`;
    }
  }
}
