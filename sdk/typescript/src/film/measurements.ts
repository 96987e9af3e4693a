// Measurements of a step: numbers that a trainer logs beside its rollouts (loss, KL divergence, learning
// rate). They belong to the step, not to one of its rollouts, so they are stored beside the nodes and never
// make or change one.

import type { Fact } from "./fact.js";
import { isMetric } from "./rules.js";
import { extremes } from "./series.js";

/** One value of a history by step. */
export interface Measurement {
  step: number;
  /** In the producer's own unit. */
  value: number;
}

/** What was measured at one step, by path; `revision` grows with each change. */
interface OfStep {
  readonly values: Map<string, { seq: number; value: number }>;
  revision: number;
}

type Added = Extract<Fact, { what: "added" }>;

/** Whether a fact is a measurement of a step: a later score of a path under `metrics`, without an episode. */
export function isMeasurement(fact: Fact): fact is Added & { step: number } {
  return fact.what === "added" && fact.step !== null && fact.episode === null && isMetric(fact.path);
}

/** The measurements of a film: of two of one step and path the one with the higher `seq` counts. */
export class Measurements {
  readonly #steps = new Map<number, OfStep>();
  readonly #paths = new Set<string>();

  /** Takes one measurement. */
  set({ step, seq, path, value }: Added & { step: number }): void {
    const found = this.#steps.get(step) ?? {
      values: new Map<string, { seq: number; value: number }>(),
      revision: 0,
    };
    this.#steps.set(step, found);
    this.#paths.add(path);
    if ((found.values.get(path)?.seq ?? -1) >= seq) return;
    found.values.set(path, { seq, value });
    found.revision += 1;
  }

  /** How often what was measured at that step changed. */
  revision(step: number): number {
    return this.#steps.get(step)?.revision ?? 0;
  }

  /** What was measured at that step. */
  at(step: number): ReadonlyMap<string, { seq: number; value: number }> {
    return this.#steps.get(step)?.values ?? new Map<string, never>();
  }

  /** Whether anything was measured under that path. */
  has(path: string): boolean {
    return this.#paths.has(path);
  }

  /**
   * A history by step, as about `points` values. Where there are more, the range is cut into `points / 2`
   * parts of equally many values (at least one), and the lowest and the highest of each part stay.
   */
  history(path: string, from: number, to: number, points: number): Measurement[] {
    const all = [...this.#steps]
      .flatMap(([step, { values }]) => {
        const found = step >= from && step <= to ? values.get(path) : undefined;
        return found === undefined ? [] : [{ step, value: found.value }];
      })
      .sort((a, b) => a.step - b.step);
    if (all.length <= points) return all;
    const size = Math.ceil(all.length / Math.max(1, Math.floor(points / 2)));
    const parts = Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
      all.slice(i * size, (i + 1) * size),
    );
    return parts.flatMap((part) => extremes(part));
  }
}
