// The events that stories append to runs.

/** A second of the first minute of 2026, for stories whose events have fixed times. */
export const atSecond = (second) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

/** An event of now, or of the time `at`. */
export function event(kind, body, { step, episode, at = new Date().toISOString() } = {}) {
  return { id: crypto.randomUUID(), at, kind, v: 1, step, episode, body };
}

/** A scored step. What else is given belongs to its body, such as `action`. */
export function scored(step, scores, { episode, at, ...more } = {}) {
  const body = { scores, action: "", observation: "", ...more };
  return event("snapshot.scored", body, { step, episode, at });
}
