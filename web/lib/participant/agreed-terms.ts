/**
 * What a tab has agreed to in a run, through a reload of the page: in its sessionStorage, beside its slot (slots). A tab
 * that is closed and opened anew is asked anew.
 */
import * as v from 'valibot';
import type { RunId } from '#shared/base/ids.ts';
import { runTerms, type RunTerms } from '#shared/tasks/terms.ts';

const memoryKey = (run: RunId) => `chorale-agreed-${run}`;

export function rememberTerms(storage: Storage, run: RunId, terms: RunTerms): void {
  storage.setItem(memoryKey(run), JSON.stringify(terms));
}

/** Null where this tab has agreed to nothing in this run, or what is kept cannot be read: then the person is asked. */
export function rememberedTerms(storage: Storage, run: RunId): RunTerms | null {
  try {
    const kept = v.safeParse(runTerms, JSON.parse(storage.getItem(memoryKey(run)) ?? 'null'));
    return kept.success ? kept.output : null;
  } catch {
    return null;
  }
}

export function forgetTerms(storage: Storage, run: RunId): void {
  storage.removeItem(memoryKey(run));
}
