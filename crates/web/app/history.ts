// What this page has seen of the hashrate since it was opened: the miner is not asked for more.

import { presentRate, type Maybe, type Snapshot } from "./model.ts";

export interface Sample {
  /** Seconds of this browser's clock. */
  at: number;
  rate: Maybe<number>;
  nominal: Maybe<number>;
}

/** An hour at one a second. */
const SAMPLES_MAX = 3600;
/** Answers further apart leave a gap in the line. */
const GAP_S = 10;

export class History {
  readonly samples: Sample[] = [];
  private seq = 0;

  add(s: Snapshot, at: number): void {
    if (s.seq === this.seq) return;
    const last = this.samples[this.samples.length - 1];
    // A lower number is another process.
    if (last && (at - last.at > GAP_S || s.seq < this.seq)) this.push({ at: last.at + 0.5, rate: null, nominal: null });
    this.seq = s.seq;
    this.push({ at, rate: presentRate(s.hashrate_ths), nominal: s.hashrate_ths.nominal });
  }

  private push(sample: Sample): void {
    this.samples.push(sample);
    if (this.samples.length > SAMPLES_MAX) this.samples.shift();
  }
}
