/** The coordinator's machine with a fault each, so that the checks of whole rounds are seen to find it. */
import { step } from './coordinator/step.ts';

type CoordinatorMachine = typeof step;

/** An upload that comes after U3 froze is taken into it. */
export const lateUpload: CoordinatorMachine = (state, event) => {
  if (state.kind !== 'confirming' || event.kind !== 'chunk') return step(state, event);
  const index = state.cohort.roster.findIndex(({ participant }) => participant === event.from);
  if (state.u3.has(index)) return step(state, event);
  const u3 = new Set([...state.u3, index]);
  const to = state.cohort.roster.map(({ participant }) => participant);
  const request = {
    kind: 'send-unmask-request',
    to,
    u2: [...state.u2],
    u3: [...u3].sort((a, b) => a - b),
  } as const;
  return { state: { ...state, u3 }, effects: [request] };
};

/** Masks are taken off with one share fewer than t. */
export const oneShareTooFew: CoordinatorMachine = (state, event) => {
  if (state.kind !== 'unmasking') return step(state, event);
  const { parameters } = state.cohort;
  const lower = { ...parameters, threshold: parameters.threshold - 1 };
  return step({ ...state, cohort: { ...state.cohort, parameters: lower } }, event);
};

/** Nobody watches how long the confirmations take. */
export const forgottenTimer: CoordinatorMachine = (state, event) => {
  const next = step(state, event);
  const effects = next.effects.filter(
    (effect) => effect.kind !== 'start-timer' || effect.phase !== 'confirming',
  );
  return { ...next, effects };
};

/** The outcome is told first and persisted then. */
export const toldFirst: CoordinatorMachine = (state, event) => {
  const next = step(state, event);
  const persisted = next.effects.filter((effect) => effect.kind === 'persist-done');
  const told = next.effects.filter((effect) => effect.kind !== 'persist-done');
  return { ...next, effects: [...told, ...persisted] };
};
