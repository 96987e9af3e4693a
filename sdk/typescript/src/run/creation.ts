// Creation of a run on the server.

import type { Client } from "../client/client.js";
import { GauntletError } from "../client/errors.js";
import type { Run as RunInfo, RunSpec } from "../client/types.js";
import type { Ledger } from "./ledger.js";

/** Creates the run, or gets the existing one; resolves to the run as the server has it. */
export async function createOrGet(
  client: Client,
  spec: RunSpec & { id: string },
  ledger: Ledger,
  signal: AbortSignal,
): Promise<Partial<RunInfo>> {
  try {
    return await client.runs.create(spec, { signal });
  } catch (error) {
    if (!(error instanceof GauntletError)) throw error;
    // The run exists with other settings: they stay, and this process logs into it.
    if (error.code === "conflict") return client.runs.get(spec.id, { signal });
    if (error.status !== 413 && error.status !== 422) throw error;
    // The server refuses the settings: the run is created without the optional ones.
    const { rules, ...others } = spec;
    if (rules !== undefined && error.details[0]?.field?.startsWith("rules")) {
      // An older server does not know `rules` and judges by its default.
      ledger.warn("spec", `the run is created without rules: ${error.message}`);
      return client.runs.create(others, { signal });
    }
    ledger.warn("spec", `the run is created without config and metadata: ${error.message}`);
    const { id, name, project, kind } = others;
    const asked = {
      ...(project ? { project } : {}),
      ...(kind ? { kind } : {}),
      ...(rules ? { rules } : {}),
    };
    return client.runs.create({ id, name, ...asked }, { signal });
  }
}
