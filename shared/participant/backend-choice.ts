/** Which backend trains, as the page and what keeps it see it; without tfjs. */

/** tfjs's names. WebGL is none of them: its numbers and its speed differ from device to device. */
export type BackendName = 'webgpu' | 'wasm' | 'cpu';

/** What the person asks for; `auto` leaves it to a trial. */
export type BackendWish = 'auto' | BackendName;

export interface BackendChoice {
  readonly name: BackendName;
  /** At most 40 letters, for lists. */
  readonly label: string;
  /** Sentences for the page. */
  readonly reason: string;
}

export interface TrialResult {
  readonly name: BackendName;
  readonly reason: string;
}

/** Where the result of a trial is kept. Nothing in it fails: what cannot be kept is tried again. */
export interface KeptTrial {
  /** For the device that this is; undefined where none is kept. */
  get(): Promise<TrialResult | undefined>;
  put(result: TrialResult): Promise<void>;
  forget(): Promise<void>;
}
