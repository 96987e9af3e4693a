// Commands: a person issues them, the training side waits for them and acknowledges them.

import type { Action } from "../wire/events.js";
import type { JsonObject } from "../wire/json.js";
import { segment, type Http } from "./http.js";
import type { Command } from "./types.js";

/** Longest long poll of the server, seconds. */
const MAX_WAIT_SECS = 60;

/** The commands of runs. */
export class Commands {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Issues a command; resolves to its id. `tweak` takes new values, `answer` takes `{answer}`. */
  async issue(
    run: string,
    action: Action,
    options: { parameters?: JsonObject; author?: string; id?: string } = {},
  ): Promise<string> {
    const json = { action, ...options };
    const answer = await this.#http.json<{ command_id: string }>("POST", `/runs/${segment(run)}/commands`, {
      json,
    });
    return answer.command_id;
  }

  /** The commands not yet acknowledged, oldest first; waits up to `waitSecs` (at most 60) for one. */
  async pending(
    run: string,
    { waitSecs = 0, signal }: { waitSecs?: number; signal?: AbortSignal } = {},
  ): Promise<Command[]> {
    const wait = Math.min(MAX_WAIT_SECS, Math.max(0, Math.floor(waitSecs)));
    const answer = await this.#http.json<{ commands: Command[] }>("GET", `/runs/${segment(run)}/commands`, {
      query: { wait },
      timeoutMs: (wait + 30) * 1000,
      signal,
    });
    return answer.commands;
  }

  /** Acknowledges a command with its result. Idempotent. */
  async ack(run: string, command: string, result = "ok"): Promise<void> {
    await this.#http.json("POST", `/runs/${segment(run)}/commands/${segment(command)}/ack`, {
      json: { result },
    });
  }
}
