/**
 * A whole round of the real machines: tabs and an honest coordinator, over a network that loses, repeats and reorders.
 * Whatever was sent once can arrive at any time from then on, again and again, or never. Symbols stand for keys and
 * vectors; what a machine asks of its own driver is answered at once.
 */
import type { ParticipantId } from '../../base/ids.ts';
import { offer, policy, task } from '../client/examples.ts';
import { begin as beginTab, isOver } from '../client/step.ts';
import type { ClientEffect, ClientEvent, ClientState, Seat } from '../client/types.ts';
import { digestOf, opened, plan as examplePlan, tabs } from '../coordinator/examples.ts';
import { begin } from '../coordinator/step.ts';
import type {
  Cohort,
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
  CoordinatorStep,
  RoundPlan,
  TimedPhase,
} from '../coordinator/types.ts';
import { disclosure, NOTHING } from './knowledge.ts';
import { maskOf, type ClientMachine } from './hostile-tab.ts';

export type CoordinatorMachine = (state: CoordinatorState, event: CoordinatorEvent) => CoordinatorStep;
export interface Machines {
  readonly tab: ClientMachine;
  readonly coordinator: CoordinatorMachine;
}

/** To a tab, by its place among the invited, or to the coordinator. */
export type Message =
  | { readonly to: number; readonly event: ClientEvent }
  | { readonly to: 'coordinator'; readonly event: CoordinatorEvent };

export interface Tab {
  readonly state: ClientState;
  readonly timer: boolean;
  /** Killed tabs take no further part. */
  readonly alive: boolean;
  /** The U2 that its vector is masked for. */
  readonly vector: number | null;
  readonly reveals: readonly { readonly survivors: number; readonly dropped: number }[];
}

export interface Round {
  readonly coordinator: CoordinatorState;
  readonly timer: TimedPhase | null;
  readonly outcomes: readonly ('done' | 'aborted')[];
  /** By their place among the invited. */
  readonly tabs: readonly Tab[];
  /** The roster, once it was sent. */
  readonly cohort: Cohort | null;
  /** Everything ever sent, by what it says. */
  readonly sent: ReadonlyMap<string, Message>;
  /** Whose reveal the coordinator has taken. */
  readonly taken: number;
  /** The first rule that was broken. */
  readonly broken: string | null;
}

export interface RoundTerms {
  readonly size: number;
  readonly dropoutPerMille: number;
}

export const planOf = ({ size, dropoutPerMille }: RoundTerms): RoundPlan => ({
  ...examplePlan,
  invited: tabs(size),
  dropoutPerMille,
});

/** A round that is offered to all. */
export function startRound(terms: RoundTerms, machines: Machines): Round {
  const plan = planOf(terms);
  const begun = begin(plan);
  const round = new Draft(
    {
      coordinator: begun.state,
      timer: null,
      outcomes: [],
      tabs: [],
      cohort: null,
      sent: new Map(),
      taken: 0,
      broken: null,
    },
    machines,
  );
  round.coordinatorDoes(begun.effects);
  const { minCohort, minSurvivors, accomplices } = plan;
  const offered = { ...offer, ...terms, invited: terms.size, minCohort, minSurvivors, accomplices };
  const { size: _, ...clean } = offered;
  for (const id of plan.invited) round.join(beginTab(id, plan.sid, clean, task, policy));
  return round.done();
}

export function deliver(round: Round, message: Message, machines: Machines): Round {
  const draft = new Draft(round, machines);
  if (message.to === 'coordinator') draft.tellCoordinator(message.event);
  else draft.tellTab(message.to, message.event);
  return draft.done();
}

/** The tab is killed; the coordinator learns of it by the event `gone`. */
export const kill = (round: Round, index: number): Round => ({
  ...round,
  tabs: round.tabs.map((tab, place) => (place === index ? { ...tab, alive: false } : tab)),
});

/** All that can arrive now. */
export const deliverable = (round: Round): readonly Message[] =>
  [...round.sent.values()].filter((message) => {
    if (message.to === 'coordinator') return true;
    const tab = round.tabs[message.to];
    if (tab === undefined || !tab.alive || isOver(tab.state)) return false;
    // A share opens with the roster alone.
    return message.event.kind !== 'share-held' || 'seat' in tab.state;
  });

/** A round that is being changed. */
class Draft {
  #round: Round;
  readonly #machines: Machines;
  #sent: Map<string, Message> | null = null;

  constructor(round: Round, machines: Machines) {
    this.#round = round;
    this.#machines = machines;
  }

  done(): Round {
    return this.#sent === null ? this.#round : { ...this.#round, sent: this.#sent };
  }

  join({ state, effects }: { readonly state: ClientState; readonly effects: readonly ClientEffect[] }): void {
    const index = this.#round.tabs.length;
    const tab: Tab = { state, timer: false, alive: true, vector: null, reveals: [] };
    this.#round = { ...this.#round, tabs: [...this.#round.tabs, tab] };
    this.#tabDoes(index, effects);
  }

  tellTab(index: number, event: ClientEvent): void {
    const tab = this.#tab(index);
    if (event.kind === 'result' && this.#round.outcomes[0] !== 'done')
      this.#break('a result without an outcome');
    const { state, effects } = this.#machines.tab(tab.state, event);
    if (state !== tab.state) this.#set(index, { state });
    this.#tabDoes(index, effects);
  }

  tellCoordinator(event: CoordinatorEvent): void {
    const { coordinator } = this.#round;
    const { state, effects } = this.#machines.coordinator(coordinator, event);
    if (state !== coordinator) this.#round = { ...this.#round, coordinator: state };
    this.coordinatorDoes(effects);
  }

  coordinatorDoes(effects: readonly CoordinatorEffect[]): void {
    for (const effect of effects) this.#coordinatorDoes(effect);
  }

  #tab(index: number): Tab {
    const tab = this.#round.tabs[index];
    if (tab === undefined) throw new RangeError(`index: ${index}`);
    return tab;
  }

  #set(index: number, change: Partial<Tab>): void {
    this.#round = { ...this.#round, tabs: this.#round.tabs.with(index, { ...this.#tab(index), ...change }) };
  }

  #break(rule: string): void {
    if (this.#round.broken === null) this.#round = { ...this.#round, broken: rule };
  }

  #send(message: Message): void {
    const text = JSON.stringify(message);
    if ((this.#sent ?? this.#round.sent).has(text)) return;
    this.#sent ??= new Map(this.#round.sent);
    this.#sent.set(text, message);
  }

  #idOf(index: number): ParticipantId {
    return this.#round.coordinator.plan.invited[index] as ParticipantId;
  }

  #tabDoes(index: number, effects: readonly ClientEffect[]): void {
    for (const effect of effects) this.#tabDoesOne(index, effect);
  }

  #tabDoesOne(index: number, effect: ClientEffect): void {
    const from = this.#idOf(index);
    const say = (event: CoordinatorEvent) => this.#send({ to: 'coordinator', event });
    switch (effect.kind) {
      case 'send-accept':
        return say({ kind: 'accept', from });
      case 'send-decline':
        return say({ kind: 'decline', from, reason: effect.reason });
      case 'send-advertise':
        return say({ kind: 'advertise', from, digest: digestOf(from), maskKey: from });
      case 'send-shared':
        return say({ kind: 'shared', from, held: effect.held });
      case 'send-masked-ready':
        return say({ kind: 'masked-ready', from });
      case 'confirm':
        return say({ kind: 'confirm', from });
      case 'reveal': {
        const revealed = { survivors: maskOf(effect.survivors), dropped: maskOf(effect.dropped) };
        this.#set(index, { reveals: [...this.#tab(index).reveals, revealed] });
        if (this.#tab(index).reveals.length > 1) this.#break('a tab reveals twice');
        return say({ kind: 'reveal', from, of: [...effect.survivors, ...effect.dropped] });
      }
      case 'exchange-shares': {
        const places = this.#places();
        for (const peer of effect.seat.neighbours)
          this.#send({ to: places[peer] ?? -1, event: { kind: 'share-held', from: effect.seat.self } });
        return;
      }
      case 'upload': {
        const { state } = this.#tab(index);
        this.#set(index, { vector: 'u2' in state ? maskOf(state.u2.members) : null });
        say({ kind: 'chunk', from });
        // A grant that came twice has nothing left to report.
        if (state.kind === 'uploading') this.tellTab(index, { kind: 'uploaded' });
        return;
      }
      case 'start-timer':
        return this.#set(index, { timer: true });
      case 'cancel-timer':
        return this.#set(index, { timer: false });
      case 'train':
        return this.tellTab(index, { kind: 'trained' });
      case 'make-keys':
        return this.tellTab(index, { kind: 'keyed', digest: digestOf(from) });
      case 'check-roster':
        return this.tellTab(index, { kind: 'roster-checked', seat: this.#seat(index, effect.root) });
      case 'mask':
        return this.tellTab(index, { kind: 'masked' });
      case 'keep-evidence':
        return this.#break('an honest coordinator is accused');
      default:
    }
  }

  #seat(index: number, root: string): Seat {
    const { neighbours, holders, parameters } = this.#cohort();
    const self = this.#places().indexOf(index);
    return {
      root,
      size: neighbours.length,
      self,
      neighbours: neighbours[self] ?? [],
      holders: holders[self] ?? [],
      threshold: parameters.threshold,
    };
  }

  #cohort(): Cohort {
    const { cohort } = this.#round;
    if (cohort === null) throw new Error('there is no roster');
    return cohort;
  }

  /** Of each roster index. */
  #places(): readonly number[] {
    return placesOf(this.#round, this.#cohort());
  }

  #coordinatorDoes(effect: CoordinatorEffect): void {
    const tell = (to: readonly ParticipantId[], event: ClientEvent) => {
      for (const id of to) this.#send({ to: this.#round.coordinator.plan.invited.indexOf(id), event });
    };
    switch (effect.kind) {
      case 'send-roster': {
        const { roster } = effect.cohort;
        this.#round = { ...this.#round, cohort: effect.cohort };
        return tell(effect.to, { kind: 'roster', root: 'root', entries: roster });
      }
      case 'send-peers-gone':
        return tell(effect.to, { kind: 'peers-gone', gone: effect.gone });
      case 'send-mask-request':
        return tell(effect.to, { kind: 'mask-request', u2: { bits: effect.u2.join(), members: effect.u2 } });
      case 'send-unmask-request':
        return tell(effect.to, {
          kind: 'unmask-request',
          u3: { bits: effect.u3.join(), members: effect.u3 },
        });
      case 'send-confirmations':
        return tell(effect.to, { kind: 'confirmations', valid: effect.confirmed });
      case 'send-result':
        if (this.#round.outcomes[0] !== 'done') this.#break('told before it was persisted');
        return tell(effect.to, { kind: 'result', modelHash: effect.modelHash, survivors: effect.survivors });
      case 'send-abort':
        if (this.#round.outcomes[0] !== 'aborted') this.#break('told before it was persisted');
        return tell(effect.to, { kind: 'abort', code: effect.code, detail: effect.detail });
      case 'send-dismissed':
        return tell(effect.to, { kind: 'dismissed', detail: effect.detail });
      case 'queue-upload':
        return tell([effect.from], { kind: 'upload-grant', nextChunk: 0 });
      case 'take-chunk':
        return this.tellCoordinator({ kind: 'uploaded', from: effect.from });
      case 'take-shares': {
        const index = this.#round.coordinator.plan.invited.indexOf(effect.from);
        this.#round = { ...this.#round, taken: this.#round.taken | (1 << index) };
        return;
      }
      case 'rebuild':
        return this.#rebuild(effect.survivors, effect.dropped);
      case 'open-sum':
        return this.tellCoordinator(opened);
      case 'persist-done':
      case 'persist-aborted': {
        const outcome = effect.kind === 'persist-done' ? 'done' : 'aborted';
        this.#round = { ...this.#round, outcomes: [...this.#round.outcomes, outcome] };
        if (this.#round.outcomes.length > 1) this.#break('a second outcome');
        return;
      }
      case 'start-timer':
        this.#round = { ...this.#round, timer: effect.phase };
        return;
      case 'cancel-timer':
        if (this.#round.timer === effect.phase) this.#round = { ...this.#round, timer: null };
        return;
      case 'send-fault':
        if (effect.fault.code !== 'wrong-phase')
          this.#break(`an honest tab is blamed: ${effect.fault.detail}`);
        return;
      default:
    }
  }

  /** The masks come off exactly: enough shares of each, and every vector masked for the same U2. */
  #rebuild(survivors: readonly number[], dropped: readonly number[]): void {
    const { coordinator, tabs: all, taken } = this.#round;
    const { threshold } = this.#cohort().parameters;
    const places = this.#places();
    const took = all.filter((_, index) => (taken >> index) & 1);
    const count = (of: 'survivors' | 'dropped', index: number) =>
      took.filter((tab) => tab.reveals.some((reveal) => (reveal[of] >> index) & 1)).length;
    const u2 = maskOf([...survivors, ...dropped]);
    if (survivors.length < coordinator.plan.minSurvivors) this.#break('a sum of fewer than minSurvivors');
    if (survivors.some((index) => count('survivors', index) < threshold)) this.#break('a self mask stays on');
    if (dropped.some((index) => count('dropped', index) < threshold))
      this.#break('a mask of one that dropped stays on');
    if (survivors.some((index) => all[places[index] ?? -1]?.vector !== u2))
      this.#break('vectors that are masked for different sets');
    this.tellCoordinator({ kind: 'rebuilt' });
  }
}

/** The rule that the round breaks as it stands; null where it keeps all. */
export function brokenRule(round: Round): string | null {
  if (round.broken !== null) return round.broken;
  const { coordinator } = round;
  if (coordinator.kind !== 'done' && coordinator.kind !== 'aborted' && coordinator.kind !== 'opening') {
    const overdue = coordinator.kind === 'unmasking' && coordinator.overdue;
    if (round.timer !== coordinator.kind && !overdue)
      return `it waits in ${coordinator.kind} without a timer`;
  }
  const waiting = round.tabs.find((tab) => tab.alive && !isOver(tab.state) && !tab.timer);
  if (waiting !== undefined) return `a tab waits in ${waiting.state.kind} without a timer`;
  const { cohort } = round;
  if (cohort === null) return null;
  const given = placesOf(round, cohort).map((place) => {
    const { vector, reveals } = round.tabs[place] ?? { vector: null, reveals: [] };
    const selfMaskShares = reveals.reduce((all, { survivors }) => all | survivors, 0);
    const keyShares = reveals.reduce((all, { dropped }) => all | dropped, 0);
    return { ...NOTHING, dealt: 'root', vector, selfMaskShares, keyShares };
  });
  const { threshold } = cohort.parameters;
  return disclosure(given, { accomplices: 0, threshold, minSurvivors: coordinator.plan.minSurvivors });
}

const placesOf = ({ coordinator }: Round, { roster }: Cohort): readonly number[] =>
  roster.map(({ participant }) => coordinator.plan.invited.indexOf(participant));
