/**
 * What a person has agreed to in a run, and what an extension asks of them (EXTEND-2). Nothing widens it but their own
 * yes to the very terms that they were shown: a coordinator that just sends larger caps is refused by the policy.
 */
import type { Caps } from '../privacy/ledger.ts';
import type { OfferedPrivacy } from '../privacy/offered-privacy.ts';
import type { ClientPolicy } from '../round/client/types.ts';
import { coversTerms, sameTerms, type RunTerms } from '../tasks/terms.ts';
import type { AgreementView, Consent } from './view.ts';

/** Where nobody was asked: a Node participant. */
export const NO_LIMIT: Consent = { agreed: null, ownLimit: { epsilon: Infinity, delta: 1e-5 } };

export class Agreement {
  readonly #ownLimit: Consent['ownLimit'];
  /** Null where nobody was asked. */
  #agreed: RunTerms | null;
  /** The first offer that is taken is a promise for all that come, where nobody was asked. */
  #promised: Caps | null = null;
  #asked: RunTerms | null = null;
  /** The person has said no to what is asked. */
  #keeps = false;

  constructor({ agreed, ownLimit }: Consent) {
    this.#agreed = agreed;
    this.#ownLimit = ownLimit;
  }

  /** To be told to the coordinator; null where nobody was asked. */
  get agreed(): RunTerms | null {
    return this.#agreed;
  }

  get view(): AgreementView {
    return { agreed: this.#agreed, asked: this.#asked, keeps: this.#keeps };
  }

  get policy(): Pick<ClientPolicy, 'promised' | 'rounds' | 'ownLimit'> {
    return {
      promised: this.#agreed === null ? this.#promised : this.#agreed.caps,
      rounds: this.#agreed?.rounds ?? Infinity,
      ownLimit: this.#ownLimit,
    };
  }

  tookOffer(privacy: OfferedPrivacy | null): void {
    this.#promised ??= privacy?.caps ?? null;
  }

  /** True where there is an answer already: the person need not be asked, or was. */
  ask(terms: RunTerms): boolean {
    const agreed = this.#agreed;
    if (agreed === null || coversTerms(agreed, terms) || !isMoreOfTheSame(agreed, terms)) return true;
    if (this.#asked !== null && sameTerms(this.#asked, terms)) return this.#keeps;
    this.#asked = terms;
    this.#keeps = false;
    return false;
  }

  /** False where these are not the terms that are asked for now: the person has seen others. */
  answer(terms: RunTerms, agrees: boolean): boolean {
    if (this.#asked === null || !sameTerms(this.#asked, terms)) return false;
    this.#keeps = !agrees;
    if (!agrees) return true;
    this.#agreed = terms;
    this.#asked = null;
    return true;
  }
}

/** An extension adds to what was promised, under the same noise and δ: what else is asked for is not even shown. */
const isMoreOfTheSame = (agreed: RunTerms, asked: RunTerms): boolean =>
  coversTerms(asked, agreed) && asked.caps?.delta === agreed.caps?.delta;
