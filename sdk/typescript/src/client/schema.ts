// The types of requests and answers, generated from sdk/contract/openapi.json by `npm run types`. Not to be edited.

import type { JsonObject } from "../wire/json.js";
export interface paths {
  "/api/v1/runs": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs"];
    put?: never;
    post: operations["post_runs"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs_run"];
    put?: never;
    post?: never;
    delete: operations["delete_runs_run"];
    options?: never;
    head?: never;
    patch: operations["patch_runs_run"];
    trace?: never;
  };
  "/api/v1/runs/{run}/writers/{writer}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put: operations["put_runs_run_writers_writer"];
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/views": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_views"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/views/{name}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put: operations["put_views_name"];
    post?: never;
    delete: operations["delete_views_name"];
    options?: never;
    head?: never;
    patch: operations["patch_views_name"];
    trace?: never;
  };
  "/api/v1/changes": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_changes"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/columns": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_columns"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/episodes": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs_run_episodes"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/events": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs_run_events"];
    put?: never;
    post: operations["post_runs_run_events"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/live": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs_run_live"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/steps": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs_run_steps"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/steps/{step}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs_run_steps_step"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/film": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs_run_film"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/film/{level}/{chunk}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs_run_film_level_chunk"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/series": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs_run_series"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/projects/{project}/effects": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_projects_project_effects"];
    put: operations["put_projects_project_effects"];
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/series": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["post_series"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/compare": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_compare"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/compare/tasks": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_compare_tasks"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/groups": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs_run_groups"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/correlations": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs_run_correlations"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/steps/{step}/groups": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs_run_steps_step_groups"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/commands": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs_run_commands"];
    put?: never;
    post: operations["post_runs_run_commands"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/commands/{command}/ack": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["post_runs_run_commands_command_ack"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/projects/{project}/monitors": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_projects_project_monitors"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/projects/{project}/alerts": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_projects_project_alerts"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/projects/{project}/monitor-trials": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["post_projects_project_monitor_trials"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/projects/{project}/monitors/{name}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put: operations["put_projects_project_monitors_name"];
    post?: never;
    delete: operations["delete_projects_project_monitors_name"];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/monitors/try": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["post_runs_run_monitors_try"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/imports": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_imports"];
    put?: never;
    post: operations["post_imports"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/imports/{id}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_imports_id"];
    put: operations["put_imports_id"];
    post?: never;
    delete: operations["delete_imports_id"];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/export": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs_run_export"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/artifacts": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs_run_artifacts"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/search": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_search"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/sql": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["post_sql"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/openapi.json": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_openapi_json"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/keys": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_keys"];
    put?: never;
    post: operations["post_keys"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/keys/{id}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    delete: operations["delete_keys_id"];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/backups": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_backups"];
    put?: never;
    post: operations["post_backups"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/import": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["post_import"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{run}/artifacts/{sha256}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_runs_run_artifacts_sha256"];
    put: operations["put_runs_run_artifacts_sha256"];
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/traces": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["post_v1_traces"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/logs": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["post_v1_logs"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/metrics": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["post_v1_metrics"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/health": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_health"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/ws/gauntlet/{sid}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_ws_gauntlet_sid"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/gauntlet/stream/{sid}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["post_gauntlet_stream_sid"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/gauntlet/sessions": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_gauntlet_sessions"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/gauntlet/data/{sid}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_gauntlet_data_sid"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/gauntlet/comparison": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_gauntlet_comparison"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/gauntlet/evolution/{task}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_gauntlet_evolution_task"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/gauntlet/search": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_gauntlet_search"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/gauntlet/rag": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_gauntlet_rag"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/gauntlet/command/{sid}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_gauntlet_command_sid"];
    put?: never;
    post: operations["post_gauntlet_command_sid"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/healthz": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_healthz"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/readyz": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_readyz"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/metrics": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["get_metrics"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    /** @description The body of an answer with a status of 400 or more. */
    Error: {
      /** @description What went wrong. */
      error: components["schemas"]["ErrorInfo"];
    };
    /** @description What went wrong. */
    ErrorInfo: {
      /** @description A word for machines, such as `not_found`, `invalid`, `conflict`, `gone`, `busy`. */
      code: string;
      /** @description A sentence for people. */
      message: string;
      /** @description What is wrong, field by field. */
      details?: components["schemas"]["ErrorDetail"][];
      /** @description The request, as the server's log names it; also in the header `x-request-id`. */
      request_id?: string | null;
    };
    /** @description One thing that is wrong. */
    ErrorDetail: {
      /**
       * Format: uint64
       * @description In a batch of events: which one, from 0.
       */
      index?: number | null;
      /** @description The field, such as `body.scores.root`; empty where the whole value is wrong. */
      field: string;
      /** @description What is wrong with it. */
      message?: string | null;
      /** @description In a file: what was expected there. */
      expected?: string | null;
      /**
       * Format: uint64
       * @description In a file: the line, from 1.
       */
      line?: number | null;
      /**
       * Format: uint64
       * @description In a file: how many records before this place can be read.
       */
      readable?: number | null;
      /**
       * Format: uint64
       * @description Where a position is past the end of the log: the events that the log has.
       */
      head?: number | null;
      /**
       * Format: uint64
       * @description Where a slice of a file begins elsewhere than the last one ended: the bytes received so far.
       */
      received_bytes?: number | null;
    };
    /** @description What a whole file in one request became. */
    Imported: {
      /** @description The new run. */
      run: string;
      /** @description Its name. */
      name: string;
      /**
       * Format: uint64
       * @description Scored steps.
       */
      steps: number;
      /**
       * Format: uint64
       * @description Episodes.
       */
      episodes: number;
      /** @description What was unusual in the file, though it could be read. */
      warnings: string[];
    };
    /** @description What a client says to create a run. */
    RunSpec: {
      /** @description Its id; the server makes one where the client names none. */
      id?: string | null;
      /** @description Name shown to people. */
      name: string;
      /** @description Project; `default` where none is named. */
      project?: string | null;
      /** @description What sort of run; `training` where none is named. */
      kind?: string | null;
      /** @description Agent under training. */
      agent?: string | null;
      /** @description What is attempted. */
      task?: string | null;
      /**
       * @description Labels.
       * @default []
       */
      tags?: string[];
      /**
       * @description Configuration.
       * @default {}
       */
      config?: JsonObject;
      /**
       * @description Anything else.
       * @default {}
       */
      metadata?: JsonObject;
      /** @description Which steps fail; `auto` where nothing is asked for. */
      rules?: components["schemas"]["FailureRules"];
    };
    /** @description The rules asked for when a run is created or changed. */
    FailureRules:
      | "auto"
      | "dipg"
      | {
          /** Format: double */
          root_below: number;
        };
    /** @description A run as lists and headers show it: a projection of its log. */
    RunSummary: {
      /** @description Its id. */
      id: string;
      /** @description Name shown to people. */
      name: string;
      /** @description Project. */
      project: string;
      /** @description What sort of run. */
      kind: string;
      /** @description Agent, if named. */
      agent: string | null;
      /** @description Task, if named. */
      task: string | null;
      /** @description Labels. */
      tags: string[];
      /** @description People's notes. */
      notes: string;
      /** @description Configuration. */
      config: JsonObject;
      /** @description Anything else. */
      metadata: JsonObject;
      /** @description Its status. */
      status: components["schemas"]["Status"];
      /**
       * Format: date-time
       * @description When it was created.
       */
      created_at: string;
      /**
       * Format: date-time
       * @description When its last event was received.
       */
      updated_at: string;
      /**
       * Format: uint64
       * @description Events in its log; also the sequence number the next one gets.
       */
      head: number;
      /**
       * Format: uint64
       * @description Scored steps. A step of an episode counts once, however often it is scored.
       */
      steps: number;
      /**
       * Format: uint64
       * @description Episodes begun.
       */
      episodes: number;
      /**
       * Format: double
       * @description Root score of the last snapshot that has one, if any; later scores applied, as in the two below.
       */
      last_root: number | null;
      /**
       * Format: double
       * @description Mean root score over scored steps, if any.
       */
      mean_root: number | null;
      /**
       * Format: uint64
       * @description Scored steps that fail, by the rule in force.
       */
      failing: number;
      /**
       * @description Which steps fail, as it was asked for.
       * @default auto
       */
      rules: components["schemas"]["FailureRules"];
      /**
       * @description The rule in force.
       * @default {
       *       "rule": {
       *         "root_below": 0.5
       *       },
       *       "text": "A step fails where its root is below 0.5, as every root so far lies in 0 to 1; a declared failure or the error that its episode ended with fails it too."
       *     }
       */
      failure_rule: components["schemas"]["RuleInForce"];
      /**
       * Format: uint64
       * @description The greatest step that was logged, without those within episodes; a resumed run goes on after it.
       * @default null
       */
      last_step: number | null;
      /**
       * Format: uint64
       * @description Its alerts.
       * @default 0
       */
      alerts: number;
      /**
       * @description The most severe of its alerts.
       * @default null
       */
      alert_severity: components["schemas"]["Severity"] | null;
      /**
       * @description When somebody who writes the run was last heard of; `null` once it has ended.
       * @default null
       */
      contact: components["schemas"]["Contact"] | null;
    };
    /** @description The status of a run. */
    Status: "pending" | "running" | "paused" | "completed" | "failed" | "timed_out" | "cancelled";
    /** @description The rule in force, as data and as a sentence. */
    RuleInForce: {
      /** @description The rule. */
      rule: components["schemas"]["FailureRule"];
      /** @description What it says, for people. */
      text: string;
    };
    /** @description A rule a run's steps are judged by. Declared failures count under each. */
    FailureRule:
      | "dipg"
      | {
          /** Format: double */
          root_below: number;
        };
    /**
     * @description The severity of an alert.
     * @enum {string}
     */
    Severity: "info" | "warning" | "error";
    /** @description When somebody who writes a run was last heard of. Ended runs have none. */
    Contact: {
      /**
       * Format: date-time
       * @description When the last event or report came.
       */
      last_at: string;
      /**
       * @description Whether nothing came in time: none of its writers reports any more, or, where it has none, no event
       *     came for 15 minutes. Any sign of life takes it back.
       */
      lost: boolean;
    };
    /** @description One page of a list. */
    ListedRunPage: {
      /** @description The items of this page, in the order of the list. */
      items: components["schemas"]["ListedRun"][];
      /**
       * @description What to pass as `cursor` to get the next page; null on the last one. Opaque: it is only valid for the
       *     same list with the same conditions.
       */
      next_cursor: string | null;
    };
    /** @description A run of a list, with the columns that were asked for. */
    ListedRun: {
      /** @description Its id. */
      id: string;
      /** @description Name shown to people. */
      name: string;
      /** @description Project. */
      project: string;
      /** @description What sort of run. */
      kind: string;
      /** @description Agent, if named. */
      agent: string | null;
      /** @description Task, if named. */
      task: string | null;
      /** @description Labels. */
      tags: string[];
      /** @description People's notes. */
      notes: string;
      /** @description Configuration. */
      config: JsonObject;
      /** @description Anything else. */
      metadata: JsonObject;
      /** @description Its status. */
      status: components["schemas"]["Status"];
      /**
       * Format: date-time
       * @description When it was created.
       */
      created_at: string;
      /**
       * Format: date-time
       * @description When its last event was received.
       */
      updated_at: string;
      /**
       * Format: uint64
       * @description Events in its log; also the sequence number the next one gets.
       */
      head: number;
      /**
       * Format: uint64
       * @description Scored steps. A step of an episode counts once, however often it is scored.
       */
      steps: number;
      /**
       * Format: uint64
       * @description Episodes begun.
       */
      episodes: number;
      /**
       * Format: double
       * @description Root score of the last snapshot that has one, if any; later scores applied, as in the two below.
       */
      last_root: number | null;
      /**
       * Format: double
       * @description Mean root score over scored steps, if any.
       */
      mean_root: number | null;
      /**
       * Format: uint64
       * @description Scored steps that fail, by the rule in force.
       */
      failing: number;
      /**
       * @description Which steps fail, as it was asked for.
       * @default auto
       */
      rules: components["schemas"]["FailureRules"];
      /**
       * @description The rule in force.
       * @default {
       *       "rule": {
       *         "root_below": 0.5
       *       },
       *       "text": "A step fails where its root is below 0.5, as every root so far lies in 0 to 1; a declared failure or the error that its episode ended with fails it too."
       *     }
       */
      failure_rule: components["schemas"]["RuleInForce"];
      /**
       * Format: uint64
       * @description The greatest step that was logged, without those within episodes; a resumed run goes on after it.
       * @default null
       */
      last_step: number | null;
      /**
       * Format: uint64
       * @description Its alerts.
       * @default 0
       */
      alerts: number;
      /**
       * @description The most severe of its alerts.
       * @default null
       */
      alert_severity: components["schemas"]["Severity"] | null;
      /**
       * @description When somebody who writes the run was last heard of; `null` once it has ended.
       * @default null
       */
      contact: components["schemas"]["Contact"] | null;
      /**
       * @description The values of the columns that were asked for; null where the run has none. What the values of a path
       *     came to follows the log in the background, by a few seconds.
       */
      columns?: JsonObject;
    };
    /** @description A change of what people wrote about a run. Absent fields stay. */
    RunPatch: {
      /** @description New name. */
      name?: string | null;
      /** @description New labels. */
      tags?: string[] | null;
      /** @description New notes. */
      notes?: string | null;
      /** @description New status. */
      status?: components["schemas"]["Status"] | null;
      /** @description New rules of which steps fail; every step is judged again. */
      rules?: components["schemas"]["FailureRules"] | null;
    };
    /** @description What a writer reports of itself. */
    WriterReport: {
      /** @description Whether it still writes. */
      state: components["schemas"]["WriterState"];
      /**
       * Format: uint32
       * @description While it runs: it reports again within so many seconds, 1 to 3600; 10 where it does not say. Not heard
       *     of for three intervals, it counts as lost.
       */
      interval_secs?: number | null;
      /**
       * @description Once it has finished: how it ended.
       * @enum {unknown}
       */
      status?: "completed" | "failed" | "timed_out" | "cancelled" | null;
      /**
       * Format: int64
       * @description Once it has finished: the exit code of its process.
       */
      exit_code?: number | null;
      /** @description Once it has finished: totals to keep with the run. */
      summary?: JsonObject | null;
    };
    /** @description What a writer does. */
    WriterState: "running" | "finished";
    /** @description What a writer learns when it reports. */
    WriterAnswer: {
      /** @description Status of the run. */
      status: components["schemas"]["Status"];
      /** @description The run's writers, this one among them. */
      writers: components["schemas"]["WriterCounts"];
    };
    /** @description How many writers of a run do what. */
    WriterCounts: {
      /**
       * Format: uint64
       * @description Those that write.
       */
      running: number;
      /**
       * Format: uint64
       * @description Those that have ended.
       */
      finished: number;
      /**
       * Format: uint64
       * @description Those not heard of for three of their intervals.
       */
      lost: number;
    };
    /** @description One page of a list. */
    ListViewPage: {
      /** @description The items of this page, in the order of the list. */
      items: components["schemas"]["ListView"][];
      /**
       * @description What to pass as `cursor` to get the next page; null on the last one. Opaque: it is only valid for the
       *     same list with the same conditions.
       */
      next_cursor: string | null;
    };
    /** @description A list of runs under a name. */
    ListView: {
      /** @description Its name, the only one of its project. */
      name: string;
      /** @description The query of the list's address, such as `sort=-mean:root&columns=status,config:lr`. */
      query: string;
      /**
       * Format: date-time
       * @description When it was saved.
       */
      saved_at: string;
    };
    /** @description What a view shows. */
    ListViewRequest: {
      /** @description The query of a list's address. */
      query: string;
    };
    /** @description Another name of a view. */
    ListViewRename: {
      /** @description The new name. */
      name: string;
    };
    /** @description What runs can be listed by. */
    RunColumns: {
      /** @description What every run has. */
      fields: string[];
      /** @description The keys of configurations, as in `config:KEY`. */
      config: string[];
      /** @description The rubrics and measurements with values, as in `mean:PATH`. */
      paths: string[];
    };
    /** @description One page of a list. */
    EpisodePage: {
      /** @description The items of this page, in the order of the list. */
      items: components["schemas"]["Episode"][];
      /**
       * @description What to pass as `cursor` to get the next page; null on the last one. Opaque: it is only valid for the
       *     same list with the same conditions.
       */
      next_cursor: string | null;
    };
    /** @description One rollout on one task. */
    Episode: {
      /** @description Its id. */
      episode: string;
      /** @description What was attempted, where it is known. */
      task: string | null;
      /** @description How it ended, or that it runs; null where no event began or ended it. */
      status: components["schemas"]["Status"] | null;
      /**
       * Format: date-time
       * @description When it began, by the producer's clock.
       */
      started_at: string | null;
      /**
       * Format: date-time
       * @description When it ended, by the producer's clock.
       */
      finished_at: string | null;
      /** @description Its return. */
      return: number | null;
      /**
       * Format: double
       * @description How long it took, milliseconds.
       */
      latency_ms: number | null;
      /**
       * Format: double
       * @description What it cost, in the producer's unit.
       */
      cost: number | null;
      /** @description Why it failed. */
      error: string | null;
      /**
       * Format: uint64
       * @description Scored steps.
       */
      steps: number;
      /**
       * Format: uint64
       * @description Scored steps that fail.
       */
      failing: number;
      /**
       * Format: double
       * @description Mean root score of its steps.
       */
      mean_root: number | null;
    };
    /** @description An event, as clients send it. */
    Event:
      | components["schemas"]["RunStarted"]
      | components["schemas"]["RunStatus"]
      | components["schemas"]["RunFinished"]
      | components["schemas"]["EpisodeStarted"]
      | components["schemas"]["EpisodeFinished"]
      | components["schemas"]["SnapshotScored"]
      | components["schemas"]["StepRecorded"]
      | components["schemas"]["ScoreAdded"]
      | components["schemas"]["ArtifactAdded"]
      | components["schemas"]["CommandIssued"]
      | components["schemas"]["CommandApplied"]
      | components["schemas"]["ChallengeAnswered"]
      | components["schemas"]["AnnotationAdded"]
      | components["schemas"]["AlertRaised"]
      | components["schemas"]["ExperimentRegistered"]
      | components["schemas"]["ExperimentDesigned"]
      | components["schemas"]["ExperimentStarted"]
      | components["schemas"]["ExperimentFinished"]
      | components["schemas"]["TrialStarted"]
      | components["schemas"]["TrialFinished"]
      | components["schemas"]["Gap"];
    /** run.started */
    RunStarted: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "run.started";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `run.started`: what the run is. */
      body: {
        /** @description Name shown to people. */
        name: string;
        /** @description Project it belongs to. */
        project: string;
        /** @description What sort of run: `grpo`, `sft`, `evaluation`, ... free text. */
        kind: string;
        /** @description Identity of the agent under training. */
        agent?: string | null;
        /** @description What is attempted. */
        task?: string | null;
        /**
         * @description Labels to filter by.
         * @default []
         */
        tags?: string[];
        /**
         * @description Hyperparameters and other configuration.
         * @default {}
         */
        config?: JsonObject;
        /**
         * @description Anything else.
         * @default {}
         */
        metadata?: JsonObject;
        /** @description Which steps fail. */
        rules?:
          | "auto"
          | "dipg"
          | {
              /** Format: double */
              root_below: number;
            };
      };
    };
    /** run.status */
    RunStatus: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "run.status";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `run.status`: the run's status changed. */
      body: {
        /** @description The new status. */
        status: "pending" | "running" | "paused" | "completed" | "failed" | "timed_out" | "cancelled";
        /** @description Why. */
        reason?: string | null;
      };
    };
    /** run.finished */
    RunFinished: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "run.finished";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `run.finished`: the run ended. */
      body: {
        /**
         * @description A final status.
         * @enum {unknown}
         */
        status: "completed" | "failed" | "timed_out" | "cancelled";
        /** @description Totals the producer wants to keep. */
        summary?: JsonObject | null;
      };
    };
    /** episode.started */
    EpisodeStarted: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "episode.started";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode: string;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `episode.started`: one rollout on one task begins. */
      body: {
        /** @description What is attempted. */
        task?: string | null;
        /**
         * @description Anything else.
         * @default {}
         */
        metadata?: JsonObject;
      };
    };
    /** episode.finished */
    EpisodeFinished: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "episode.finished";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode: string;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `episode.finished`: the rollout ended. */
      body: {
        /** @description How it ended. */
        status: "pending" | "running" | "paused" | "completed" | "failed" | "timed_out" | "cancelled";
        /** @description Sum of rewards. */
        return?: number | null;
        /**
         * Format: double
         * @description Wall time, milliseconds.
         */
        latency_ms?: number | null;
        /**
         * Format: double
         * @description Cost in the producer's currency.
         */
        cost?: number | null;
        /** @description Why it failed. */
        error?: string | null;
      };
    };
    /** snapshot.scored */
    SnapshotScored: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "snapshot.scored";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step: number;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `snapshot.scored`: one call of the whole rubric on one action. The event's `step` says which. */
      body: {
        /** @description Scores of the paths evaluated in this call, `root` included. */
        scores: {
          [key: string]: number;
        };
        /**
         * @description Paths of the tree that this call skipped.
         * @default []
         */
        not_evaluated?: string[];
        /** @description Failures the producer names itself, where there are no scores to judge by. */
        failures?: ("hallucination" | "format" | "refusal" | "inconsistency" | "generic")[];
        /**
         * @description What the agent did, as text.
         * @default
         */
        action?: string;
        /**
         * @description What the agent saw, as text.
         * @default
         */
        observation?: string;
        /**
         * Format: double
         * @description How long the evaluation took, milliseconds.
         */
        duration_ms?: number | null;
        /**
         * @description Whether the run waits here for a person.
         * @default false
         */
        is_paused?: boolean;
        /** @description What the person is asked. */
        challenge?: {
          /** @description Which guard asks, such as `HALLUCINATION_GUARD`. */
          type: string;
          /** @description The question. */
          question: string;
          /**
           * @description The answers offered.
           * @default []
           */
          options?: string[];
          /** @description The answer the producer expects; never shown to the person who is asked. */
          expected_answer?: string | null;
        } | null;
        /**
         * @description Anything else.
         * @default {}
         */
        metadata?: JsonObject;
        /** @description The time as an origin client wrote it, kept to the letter. */
        timestamp?: string | null;
        /**
         * @description Top-level keys of the snapshot an origin client posted, in its order, so that its viewers get it back
         *     as it was posted.
         */
        posted?: string[];
      };
    };
    /** step.recorded */
    StepRecorded: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "step.recorded";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step: number;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `step.recorded`: one atomic thing the agent did; also a span. */
      body: {
        /**
         * @description What it is.
         * @enum {string}
         */
        step_kind:
          | "thought"
          | "tool_call"
          | "tool_result"
          | "observation"
          | "error"
          | "plan_update"
          | "message"
          | "handoff"
          | "decision"
          | "reward"
          | "tick";
        /** @description Tool or function name. */
        name?: string | null;
        /** @description 8-byte span id in hex. */
        span_id: string;
        /** @description Span it happened inside of. */
        parent_span_id?: string | null;
        /**
         * Format: date-time
         * @description When it began.
         */
        started_at: string;
        /**
         * Format: date-time
         * @description When it ended.
         */
        ended_at?: string | null;
        /**
         * @description Its content.
         * @default {}
         */
        payload?: JsonObject;
        /** @description What went wrong. */
        error?: {
          /** @description Class or code. */
          type: string;
          /** @description What it said. */
          message: string;
          /** @description Where it came from. */
          traceback?: string | null;
        } | null;
        /**
         * @description Anything else.
         * @default {}
         */
        metadata?: JsonObject;
      };
    };
    /** score.added */
    ScoreAdded: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "score.added";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `score.added`: a score that came later, or from a person. */
      body: {
        /**
         * @description What it scores.
         * @enum {string}
         */
        target: "step" | "episode" | "run";
        /** @description Rubric path. */
        path: string;
        /** @description The score. */
        value: number;
        /** @description A word for it. */
        label?: string | null;
        /** @description Why. */
        explanation?: string | null;
        /** @description Who scored: a rubric, a judge model, a person. */
        source: string;
      };
    } & (unknown & unknown);
    /** artifact.added */
    ArtifactAdded: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "artifact.added";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `artifact.added`: a blob tied to the run, episode or step. */
      body: {
        /** @description File name. */
        name: string;
        /** @description Media type. */
        mime_type: string;
        /**
         * Format: uint64
         * @description Size in bytes.
         */
        size_bytes: number;
        /** @description SHA-256 of the content, lowercase hex. */
        sha256: string;
        /** @description What it is for. */
        role: string;
      };
    };
    /** command.issued */
    CommandIssued: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "command.issued";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `command.issued`: a person intervened. */
      body: {
        /** @description Names the command; delivered until acknowledged under this id. */
        command_id: string;
        /**
         * @description What to do.
         * @enum {string}
         */
        action: "pause" | "resume" | "tweak" | "answer" | "stop";
        /**
         * @description Its parameters: rubric parameters for `tweak`, `{"answer": "..."}` for `answer`.
         * @default {}
         */
        parameters?: JsonObject;
        /** @description Who issued it. */
        author: string;
      };
    };
    /** command.applied */
    CommandApplied: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "command.applied";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `command.applied`: the training side did it. */
      body: {
        /** @description Which command. */
        command_id: string;
        /** @description The result. */
        result: string;
      };
    };
    /** challenge.answered */
    ChallengeAnswered: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "challenge.answered";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step: number;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `challenge.answered`: a person answered a paused step's question. */
      body: {
        /** @description The answer, one of the options. */
        answer: string;
        /** @description Who answered. */
        author: string;
        /** @description Whether it was the expected one, where one was. */
        correct?: boolean | null;
      };
    };
    /** annotation.added */
    AnnotationAdded: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "annotation.added";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `annotation.added`: a person's note. */
      body: {
        /** @description The note. */
        text: string;
        /** @description Who wrote it. */
        author: string;
        /** @description Steps it speaks of. */
        range?: {
          /**
           * Format: uint64
           * @description First step.
           */
          from: number;
          /**
           * Format: uint64
           * @description Last step.
           */
          to: number;
        } | null;
      };
    };
    /** alert.raised */
    AlertRaised: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "alert.raised";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `alert.raised`: a monitor's rule began to hold, or the training code called for attention. */
      body: {
        /** @description What people read. */
        text: string;
        /**
         * @description Its severity.
         * @enum {string}
         */
        severity: "info" | "warning" | "error";
        /** @description The name of the monitor that raised it; absent where the producer of the run did. */
        monitor?: string | null;
        /** @description The rule of that monitor at that time. */
        rule?: string | null;
      };
    };
    /** experiment.registered */
    ExperimentRegistered: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "experiment.registered";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `experiment.registered`: the hypothesis of the experiment, stated before any trial. */
      body: {
        /** @description Names the hypothesis; several experiments can test the same one. */
        hypothesis_id: string;
        /** @description The question. */
        research_question: string;
        /** @description What is varied, such as the program or its prompt. */
        independent_variables: string[];
        /** @description What is measured: names of metrics, `score`, `latency_ms`, `tokens` or `cost`. */
        dependent_variables: string[];
        /** @description What is expected to be found. */
        prediction: string;
        /** @description What it is for. */
        hypothesis_type: "comparative" | "exploratory";
        /**
         * @description Anything else.
         * @default {}
         */
        metadata?: JsonObject;
      };
    };
    /** experiment.designed */
    ExperimentDesigned: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "experiment.designed";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `experiment.designed`: how the experiment is made, and which programs it evaluates. */
      body: {
        /** @description The design. */
        design: {
          /** @description What is held constant. */
          controlled_variables?: string[];
          /** @description In which order trials are executed. */
          randomization_strategy: "sequential" | "interleaved" | "shuffled";
          /**
           * Format: uint64
           * @description The number of trials of each program, 1 or more. Trial `i` has the data point `i` modulo the size of
           *     the dataset.
           */
          sample_size: number;
          /** @description How measurements are taken. */
          measurement_protocol?: string;
          /** @description How the trials of two programs belong together. */
          pairing: "paired" | "independent";
          /** @description The tests, the one that decides first. Each has to fit the pairing. */
          statistical_tests: ("paired_t" | "wilcoxon" | "mcnemar" | "welch" | "mann_whitney")[];
          /**
           * Format: double
           * @description The level of significance, between 0 and 1.
           */
          alpha: number;
          /**
           * Format: uint64
           * @description The seed of everything that is drawn at random.
           */
          seed: number;
          /** @description The comparison that decides; absent where the hypothesis is exploratory. */
          primary?: {
            /** @description One of the dependent variables. */
            metric: string;
            /** @description The program that is compared with. */
            baseline: string;
            /** @description The program that is predicted to differ. */
            candidate: string;
            /** @description Which way. */
            direction: "increase" | "decrease";
          } | null;
          /** @description The power of the design. */
          power_analysis?: {
            /**
             * Format: double
             * @description The smallest effect of interest, as Cohen's d, above 0.
             */
            effect_size: number;
            /**
             * Format: double
             * @description The power that is asked for, between 0 and 1.
             */
            target_power: number;
            /**
             * Format: uint64
             * @description The number of trials of each program that reaches it.
             */
            required_sample_size: number;
            /**
             * Format: double
             * @description The power that the sample size of the design has, 0 to 1.
             */
            achieved_power: number;
          } | null;
        };
        /** @description One job a program. */
        jobs: {
          /** @description The program's name. */
          program: string;
          /** @description What it is evaluated on. */
          dataset: {
            /** @description Its name. */
            name: string;
            /**
             * Format: uint64
             * @description The number of its data points, 1 or more.
             */
            size: number;
            /** @description SHA-256 of its content, lowercase hex. */
            sha256?: string | null;
          };
          /** @description Names of the metrics. */
          metrics: string[];
          /** @description How the evaluation is used. */
          evaluation_type: "standard" | "comparison" | "adaptive";
        }[];
        /** @description Tags. */
        tags?: string[];
      };
    };
    /** experiment.started */
    ExperimentStarted: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "experiment.started";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `experiment.started`: trials are executed from here on. An experiment that is resumed starts again. */
      body: {
        /** @description The version of the code, such as a commit. */
        code_version?: string | null;
        /**
         * @description What it is executed in: versions, host, hardware.
         * @default {}
         */
        environment?: JsonObject;
      };
    };
    /** experiment.finished */
    ExperimentFinished: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "experiment.finished";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `experiment.finished`: no further trial is executed. */
      body: {
        /**
         * @description A final status.
         * @enum {unknown}
         */
        status: "completed" | "failed" | "timed_out" | "cancelled";
        /** @description Why. */
        reason?: string | null;
        /** @description What people conclude. */
        research_insights?: string[];
      };
    };
    /** trial.started */
    TrialStarted: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "trial.started";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `trial.started`: a program begins to work on a data point. */
      body: {
        /** @description Names the trial within the experiment. */
        trial_id: string;
        /** @description The program. */
        program: string;
        /**
         * Format: uint64
         * @description Which trial of that program it is, from 0.
         */
        index: number;
      };
    };
    /** trial.finished */
    TrialFinished: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "trial.finished";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `trial.finished`: what came of one program on one data point. One that failed is data too. */
      body: {
        /** @description Names the trial within the experiment; a trial finishes once. */
        trial_id: string;
        /** @description The program. */
        program: string;
        /**
         * Format: uint64
         * @description Which trial of that program it is, from 0.
         */
        index: number;
        /**
         * @description A final status.
         * @enum {unknown}
         */
        status: "completed" | "failed" | "timed_out" | "cancelled";
        /**
         * Format: date-time
         * @description When it began.
         */
        started_at: string;
        /**
         * Format: date-time
         * @description When it ended.
         */
        ended_at: string;
        /** @description What the program was given. */
        data_point?: unknown;
        /**
         * @description How the program was configured.
         * @default {}
         */
        configuration?: JsonObject;
        /** @description What the program answered. */
        prediction?: unknown;
        /**
         * @description Scores by metric.
         * @default {}
         */
        metrics?: {
          [key: string]: number;
        };
        /** @description The score of the whole trial. */
        score?: number | null;
        /**
         * Format: double
         * @description How long the program took, milliseconds.
         */
        latency_ms?: number | null;
        /** @description What it cost. */
        cost?: {
          /**
           * Format: uint64
           * @description Tokens of models.
           */
          tokens: number;
          /**
           * Format: double
           * @description Money, in the producer's currency, 0 or more.
           */
          financial: number;
        } | null;
        /** @description What went wrong. */
        error?: {
          /** @description Class or code. */
          type: string;
          /** @description What it said. */
          message: string;
          /** @description Where it came from. */
          traceback?: string | null;
        } | null;
      };
    };
    /** gap */
    Gap: {
      /**
       * Format: uuid
       * @description The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.
       */
      id: string;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      at: string;
      /** @constant */
      kind: "gap";
      /** @constant */
      v: 1;
      /** @description A 16-byte trace id in hex, or a name. */
      episode?: string | null;
      step?: number | null;
      /** @description What the server adds; ignored. */
      seq?: number | null;
      /**
       * Format: date-time
       * @description What the server adds; ignored.
       */
      received_at?: string | null;
      /** @description `gap`: events were lost before they reached the log; said aloud. */
      body: {
        /**
         * Format: uint64
         * @description How many.
         */
        lost: number;
        /** @description Why. */
        reason: string;
      };
    };
    /** @description What appending events did. All of them are on the disk. */
    AppendOutcome: {
      /**
       * Format: uint64
       * @description Events appended now.
       */
      accepted: number;
      /**
       * Format: uint64
       * @description Events that the log had already under the same id, or that came twice.
       */
      duplicates: number;
      /**
       * Format: uint64
       * @description Sequence number of the first event appended now.
       */
      first_seq: number | null;
      /**
       * Format: uint64
       * @description Sequence number of the last event appended now.
       */
      last_seq: number | null;
    };
    /** @description A part of a log. */
    EventPage: {
      /** @description The events, by sequence number. */
      events: components["schemas"]["StoredEvent"][];
      /**
       * Format: uint64
       * @description Sequence number of the last event that was looked at, whether it was answered or filtered out: what to
       *     read after next time. Null where nothing was looked at.
       */
      next_after: number | null;
      /**
       * Format: uint64
       * @description Events in the whole log: one more than the last sequence number.
       */
      head: number;
    };
    /** @description An event of a log. */
    StoredEvent: components["schemas"]["Event"] & {
      /** @description Its place in the log, from 0. */
      seq: number;
      /**
       * Format: date-time
       * @description RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.
       */
      received_at: string;
    };
    /** @description How a WebSocket writes events. */
    LiveFormat: "json" | "binary";
    /** @description One page of a list. */
    StepRowPage: {
      /** @description The items of this page, in the order of the list. */
      items: components["schemas"]["StepRow"][];
      /**
       * @description What to pass as `cursor` to get the next page; null on the last one. Opaque: it is only valid for the
       *     same list with the same conditions.
       */
      next_cursor: string | null;
    };
    /** @description One scored step of an episode, without its texts. */
    StepRow: {
      /**
       * Format: uint64
       * @description The step.
       */
      step: number;
      /**
       * Format: uint64
       * @description Sequence number of its snapshot.
       */
      seq: number;
      /** @description Its episode, if any. */
      episode: string | null;
      /**
       * Format: double
       * @description Its root score, where that was evaluated.
       */
      root: number | null;
      /** @description Its most severe failure. */
      failure: components["schemas"]["FailureKind"] | null;
      /**
       * Format: double
       * @description Its score of the path that `failing` names, where it names one.
       */
      value?: number | null;
    };
    /** @description The failures a step can show, the most severe first. The order is the priority of the effect drawn. */
    FailureKind: "hallucination" | "format" | "refusal" | "inconsistency" | "generic";
    /** @description What one step holds, by the part. */
    StepDetails: {
      /**
       * Format: uint64
       * @description The step.
       */
      step: number;
      /**
       * Format: uint64
       * @description Events of the step, of the episodes asked for.
       */
      total: number;
      /**
       * Format: uint64
       * @description Episodes that these belong to; what belongs to none counts as one.
       */
      episodes_total: number;
      /**
       * @description The episodes from the one on that `events` begin in, at most as many as events were asked for, each
       *     with its events of the step.
       */
      episodes: components["schemas"]["StepEpisode"][];
      /**
       * @description Its events: those of one episode, then those of the next, in the order of their first ones. The
       *     expected answer of a challenge is left out.
       */
      events: components["schemas"]["StoredEvent"][];
      /** @description What to pass as `cursor` to get the next part; null on the last one. */
      next_cursor: string | null;
    };
    /** @description How many events an episode has of a step. */
    StepEpisode: {
      /** @description The episode; null for what belongs to none. */
      episode: string | null;
      /**
       * Format: uint64
       * @description Its events of this step.
       */
      events: number;
    };
    /** @description What the film of a run consists of. */
    FilmManifest: {
      /** @description The run. */
      run: string;
      /**
       * Format: uint64
       * @description Events in its log.
       */
      head: number;
      /**
       * Format: uint64
       * @description Scored steps.
       */
      steps: number;
      /** @description Rubric paths in tree order. */
      paths: string[];
      /**
       * Format: uint64
       * @description Events in one chunk of level 0.
       */
      chunk_events: number;
      /** @description Level 0, then each coarser level that has a sealed chunk. */
      levels: components["schemas"]["Level"][];
      /**
       * @description Which steps fail, as it was asked for.
       * @default auto
       */
      rules: components["schemas"]["FailureRules"];
      /**
       * @description The rule that the whole log puts in force.
       * @default {
       *       "rule": {
       *         "root_below": 0.5
       *       },
       *       "text": "A step fails where its root is below 0.5, as every root so far lies in 0 to 1; a declared failure or the error that its episode ended with fails it too."
       *     }
       */
      failure_rule: components["schemas"]["RuleInForce"];
      /**
       * @description Tells this run from an earlier one of the same id, and coarser chunks of one rule from those of
       *     another.
       */
      version: string;
    };
    /** @description One level of detail. */
    Level: {
      /**
       * Format: uint8
       * @description 0 is every fact; each further level is coarser.
       */
      level: number;
      /**
       * Format: uint64
       * @description Events one chunk of it covers.
       */
      span: number;
      /**
       * Format: uint64
       * @description Sealed chunks, numbered from 0.
       */
      chunks: number;
    };
    /** @description A rubric's history, thinned so that every minimum and maximum stays. */
    Series: {
      /** @description The rubric or measurement. */
      path: string;
      /** @description Its values, by step. */
      points: components["schemas"]["SeriesPoint"][];
      /**
       * Format: uint64
       * @description Events in the log when it was read.
       */
      head: number;
    };
    /** @description One value of a history. */
    SeriesPoint: {
      /**
       * Format: uint64
       * @description The step.
       */
      step: number;
      /**
       * Format: double
       * @description The value.
       */
      value: number;
      /** @description Whether the rule in force fails it; never for a measurement. */
      failed: boolean;
    };
    /**
     * @description The effects of a project, the most important first. At a step the first one whose condition holds is
     *     drawn, and no other.
     */
    EffectSet: {
      /**
       * Format: uint64
       * @description How many times the project's effects were changed; 0 for the defaults. A change names the version
       *     that it was made from.
       * @default 0
       */
      version: number;
      /** @description The effects by falling priority. */
      effects: components["schemas"]["EffectRule"][];
    };
    /** @description One effect: what is drawn, and when. */
    EffectRule: {
      /**
       * @description The rubrics that the condition looks at: a path or the end of one after a dot, in which `*` stands
       *     for any characters. Absent where the condition is the failure of the step.
       */
      rubric?: string | null;
      /** @description When it is drawn. */
      when: components["schemas"]["EffectCondition"];
      /** @description Its shape. */
      shape: components["schemas"]["EffectKind"];
      /** @description Its colour. */
      color: components["schemas"]["EffectColor"];
      /**
       * Format: double
       * @description Factor on its size, 0.25 to 4.
       */
      size?: number;
    };
    /** @description When an effect is drawn. It holds where it holds for any of the rubrics. */
    EffectCondition:
      | {
          failure: components["schemas"]["FailureKind"];
        }
      | "failing"
      | {
          /** Format: double */
          below: number;
        }
      | {
          /** Format: double */
          above: number;
        }
      | {
          falling: components["schemas"]["Trend"];
        }
      | "not_evaluated"
      | {
          disagreement: components["schemas"]["Disagreement"];
        };
    /** @description A fall against the scores before. */
    Trend: {
      /**
       * Format: uint32
       * @description How many steps before are looked at, 2 to 64. Those without a score do not count.
       */
      over: number;
      /**
       * Format: double
       * @description How far below their mean the score is, at least; above 0, in the unit of the rubric.
       */
      by: number;
    };
    /** @description A difference between two rubrics at one step. */
    Disagreement: {
      /** @description The path of the other rubric, or its end after a dot. */
      from: string;
      /**
       * Format: double
       * @description The least difference of the two scores; above 0.
       */
      by: number;
    };
    /** @description The shape of an effect. */
    EffectKind: "wobbling_plane" | "jagged_burst" | "wall" | "split_burst" | "burst" | "glow";
    /** @description The colour of an effect: a token of the palette, so that it fits both themes. */
    EffectColor: "red" | "amber" | "grey" | "rose" | "brick" | "blue" | "green";
    /** @description Which histories of which runs, for charts. Every path is read of every run. */
    SeriesRequest: {
      /** @description The runs, 1 to 200, each once. */
      runs: string[];
      /**
       * @description Rubrics and measurements, each once; without any only the paths of the runs are answered.
       * @default []
       */
      paths?: string[];
      /**
       * @description What `x` holds.
       * @default step
       */
      axis?: components["schemas"]["SeriesAxis"];
      /**
       * Format: uint64
       * @description First step.
       */
      from?: number | null;
      /**
       * Format: uint64
       * @description Last step.
       */
      to?: number | null;
      /**
       * @description Most points of each history. Runs x paths x points must not be over 1,000,000.
       * @default 1000
       */
      points?: number;
      /**
       * Format: double
       * @description Weight of the past in the exponential moving average, from 0 (none) to below 1.
       * @default 0
       */
      smoothing?: number;
    };
    /** @description What the horizontal axis of a chart shows. */
    SeriesAxis: "step" | "time" | "elapsed";
    /** @description Histories of several runs by step, in columns. */
    SeriesBatch: {
      /** @description The runs, as asked. */
      runs: components["schemas"]["SeriesRun"][];
      /** @description The histories there are, by run, then by path as asked. A run that never evaluated a path has none. */
      series: components["schemas"]["SeriesColumns"][];
    };
    /** @description A run of a [`SeriesBatch`]. */
    SeriesRun: {
      /** @description Its id. */
      run: string;
      /**
       * Format: uint64
       * @description Events in its log when it was read.
       */
      head: number;
      /**
       * Format: date-time
       * @description The time of its earliest event.
       */
      started_at: string | null;
      /** @description The paths that have a value, in the order of the rubric tree. */
      paths: string[];
    };
    /** @description One history in columns of equal length, thinned so that every minimum and maximum stays. */
    SeriesColumns: {
      /** @description The run. */
      run: string;
      /** @description The rubric or measurement. */
      path: string;
      /**
       * Format: uint64
       * @description How many steps of the range have a value; more than there are points where some were left out.
       */
      steps: number;
      /** @description The steps, rising. */
      step: number[];
      /** @description The steps on another axis; absent where that is the step. */
      x?: number[] | null;
      /** @description Mean over the rollouts of each step. */
      mean: number[];
      /** @description Lowest value of each step; absent where every step has one value. */
      low?: number[] | null;
      /** @description Highest value of each step; absent where every step has one value. */
      high?: number[] | null;
      /** @description Sample standard deviation of each step's values; absent where every step has one value. */
      std?: number[] | null;
      /** @description How many values each step has; absent where every step has one value. */
      count?: number[] | null;
      /** @description The moving average of the means over all steps up to this one; absent without smoothing. */
      smooth?: number[] | null;
    };
    /** @description Several runs side by side. Every list with an entry a run is in the order of `runs`. */
    Comparison: {
      /** @description The runs, as asked. */
      runs: components["schemas"]["RunSummary"][];
      /** @description The run that differences are taken to. */
      baseline: string;
      /** @description Rubrics and measurements that any of the runs has, in the order of the rubric trees. */
      paths: components["schemas"]["PathComparison"][];
      /** @description Where the configurations differ. */
      config: components["schemas"]["ConfigDifference"][];
      /** @description Where the rest of what the runs said of themselves differs, such as the version of the code. */
      metadata: components["schemas"]["ConfigDifference"][];
      /** @description What failed in each run. */
      failures: components["schemas"]["FailureCounts"][];
      /** @description The runs by their setup: those of one differ in their seed alone. Empty where no setup has two runs. */
      setups: string[][];
    };
    /** @description One path over all runs. */
    PathComparison: {
      /** @description The rubric or measurement. */
      path: string;
      /** @description Whether it is measured, not judged: more is neither better nor worse. */
      is_measurement: boolean;
      /** @description What each run's values came to; null for a run without any. */
      runs: (components["schemas"]["PathSummary"] | null)[];
      /** @description The run with the highest mean, of a rubric where the means differ. */
      best: string | null;
      /** @description What the means of each setup's runs came to, in the order of `setups`; null for one without any. */
      setups: (components["schemas"]["SetupSummary"] | null)[];
    };
    /** @description What the values of one path in one run came to. */
    PathSummary: {
      /**
       * Format: uint64
       * @description Steps with a value.
       */
      steps: number;
      /**
       * Format: uint64
       * @description Values: one for each rollout of each of these steps.
       */
      values: number;
      /**
       * Format: double
       * @description Mean over the rollouts of the last step.
       */
      last: number;
      /**
       * Format: double
       * @description Mean over all values.
       */
      mean: number;
      /**
       * Format: double
       * @description Lowest value.
       */
      low: number;
      /**
       * Format: double
       * @description Highest value.
       */
      high: number;
      /**
       * Format: double
       * @description Share of values that the rule in force fails, 0 to 1; null for a measurement.
       */
      failing_share: number | null;
      /**
       * Format: double
       * @description This mean less that of the baseline, where both have one.
       */
      difference: number | null;
    };
    /** @description What the means of the runs of one setup came to. */
    SetupSummary: {
      /**
       * Format: uint64
       * @description Runs that have values of the path.
       */
      runs: number;
      /**
       * Format: double
       * @description Mean of their means: a run counts once, however many values it has.
       */
      mean: number;
      /** @description The 95 % interval of that mean by Student's t; null of one run, or where the runs are equal. */
      interval: components["schemas"]["Interval"] | null;
      /**
       * Format: double
       * @description This mean less that of the baseline's setup, where both have one.
       */
      difference: number | null;
      /**
       * @description The 95 % interval of that difference by Welch's t; null where either setup has one run, or neither
       *     varies.
       */
      difference_interval: components["schemas"]["Interval"] | null;
    };
    /** @description Two bounds, `low <= high`. */
    Interval: {
      /**
       * Format: double
       * @description The lower bound.
       */
      low: number;
      /**
       * Format: double
       * @description The upper bound.
       */
      high: number;
    };
    /** @description A key under which runs have different values. */
    ConfigDifference: {
      /** @description The names of the nested objects and of the value, with dots between them. */
      key: string;
      /** @description The value of each run; null also where it has none. */
      values: unknown[];
    };
    /** @description What failed in a run. */
    FailureCounts: {
      /**
       * Format: uint64
       * @description Scored steps; a step of an episode counts once.
       */
      nodes: number;
      /** @description Failing ones by their most severe failure. */
      failures: {
        [key: string]: number;
      };
    };
    /**
     * @description Two runs by the tasks that both attempt: those with the same `task_id` in the metadata of their snapshots,
     *     the same task of their episodes, or the same observation. Each is judged by the last step that attempts
     *     it, and solved where at least half of its rollouts do not fail.
     */
    TaskComparison: {
      /** @description The one run. */
      a: string;
      /** @description The other run. */
      b: string;
      /**
       * Format: uint64
       * @description Tasks that both attempt.
       */
      shared: number;
      /**
       * Format: uint64
       * @description Of these, solved by both.
       */
      solved_by_both: number;
      /**
       * Format: uint64
       * @description Failed by both.
       */
      failed_by_both: number;
      /**
       * Format: uint64
       * @description Solved by `a` and failed by `b`.
       */
      solved_by_a_alone: number;
      /**
       * Format: uint64
       * @description Solved by `b` and failed by `a`.
       */
      solved_by_b_alone: number;
      /** @description The tasks that `a` alone solves, in the order `a` attempted them. */
      only_a: components["schemas"]["TaskDifference"][];
      /** @description The tasks that `b` alone solves. */
      only_b: components["schemas"]["TaskDifference"][];
    };
    /** @description A task that one of two runs solves. */
    TaskDifference: {
      /** @description Its id and the beginning of what the agent saw. */
      prompt: string;
      /** @description What the one run made of it. */
      a: components["schemas"]["TaskResult"];
      /** @description What the other run made of it. */
      b: components["schemas"]["TaskResult"];
    };
    /** @description What a run made of a task at the last step that attempts it. */
    TaskResult: {
      /**
       * Format: uint64
       * @description The step.
       */
      step: number;
      /** @description The episode of the first rollout, if any. */
      episode: string | null;
      /**
       * Format: uint64
       * @description Rollouts of the step.
       */
      rollouts: number;
      /**
       * Format: uint64
       * @description Rollouts that do not fail.
       */
      passed: number;
      /**
       * Format: double
       * @description Mean root score, if any.
       */
      mean: number | null;
    };
    /**
     * @description The groups of a run over its steps, in columns of equal length. Only groups of two or more rollouts with a
     *     reward count, and only steps that have one.
     */
    GroupHistory: {
      /** @description The steps, rising. */
      step: number[];
      /** @description How many groups each has. */
      groups: number[];
      /** @description Of these, groups whose rewards are all the same: no gradient. */
      tied: number[];
      /** @description Of these, groups with at least one rollout that does not fail. */
      solved: number[];
      /** @description The mean difference of the highest and the lowest reward in a group. */
      spread: number[];
    };
    /** @description Which rubrics of a run rise and fall together over a range of steps. */
    Correlations: {
      /**
       * Format: uint64
       * @description How many rollouts the range has.
       */
      nodes: number;
      /**
       * Format: uint64
       * @description How many of them were read, evenly distributed over the range; at most 4,096.
       */
      read: number;
      /** @description The rubrics, in the order of the tree: the first 24 that have a score in the range. */
      paths: string[];
      /**
       * Format: uint64
       * @description How many more rubrics have one.
       */
      left_out: number;
      /**
       * @description For each rubric the share of its scores that are its most common one, above 0 and up to 1: near 1, the
       *     rubric is saturated and teaches nothing.
       */
      most_common: number[];
      /**
       * @description A row for each rubric, with its coefficient to each rubric: Spearman's, of the rollouts that have both
       *     scores, from -1 (one falls as the other rises) to 1. `null` with fewer than three such rollouts, or
       *     where one of the two never changes.
       */
      coefficients: (number | null)[][];
    };
    /** @description The groups of one step, by the part. */
    StepGroups: {
      /**
       * Format: uint64
       * @description The step.
       */
      step: number;
      /**
       * Format: uint64
       * @description How many groups the step has.
       */
      total: number;
      /** @description Its groups, in the order of their first rollouts. */
      groups: components["schemas"]["Group"][];
      /** @description What to pass as `cursor` to get the next part; null on the last one. */
      next_cursor: string | null;
    };
    /**
     * @description The rollouts of one prompt at one step: those with the same `group` in their metadata, else with the same
     *     observation.
     */
    Group: {
      /** @description What the agent saw. */
      prompt: string;
      /**
       * Format: double
       * @description Mean of the rewards (the root scores).
       */
      mean: number | null;
      /**
       * Format: double
       * @description Their standard deviation, of the group as the population.
       */
      std: number | null;
      /** @description Whether two or more rewards are all the same, so that nothing is learnt from the group. */
      is_tied: boolean;
      /**
       * Format: uint64
       * @description How many rollouts it has.
       */
      total: number;
      /**
       * Format: uint64
       * @description How many of them fail.
       */
      failing: number;
      /**
       * @description Its rollouts, the highest reward first. Where it has more than were asked for, or their texts are
       *     large, some between the best and the worst are left out.
       */
      rollouts: components["schemas"]["GroupRollout"][];
    };
    /** @description One rollout of a group. */
    GroupRollout: {
      /**
       * Format: uint64
       * @description Sequence number of its snapshot.
       */
      seq: number;
      /** @description Its episode, if any. */
      episode: string | null;
      /**
       * Format: double
       * @description Its reward: the root score.
       */
      root: number | null;
      /** @description Its most severe failure. */
      failure: components["schemas"]["FailureKind"] | null;
      /**
       * Format: double
       * @description How much better than the group it did: as the trainer logged it, else (reward - mean) / standard
       *     deviation; null where the rewards are all the same.
       */
      advantage: number | null;
      /** @description Whether the advantage was computed here. */
      is_derived: boolean;
      /** @description The scores of its snapshot. */
      scores: {
        [key: string]: number;
      };
      /** @description What the agent did. */
      action: string;
    };
    /** @description A command to queue. */
    CommandRequest: {
      /** @description Its id; the server makes one where it is absent. The same command under the same id is queued once. */
      id?: string | null;
      /** @description What to do. */
      action: components["schemas"]["Action"];
      /**
       * @description For `tweak`: the parameters and their new values. For `answer`: `answer`.
       * @default {}
       */
      parameters?: JsonObject;
      /** @description Who issues it; `anonymous` where it is absent. */
      author?: string | null;
    };
    /**
     * @description What a person tells the training side.
     * @enum {string}
     */
    Action: "pause" | "resume" | "tweak" | "answer" | "stop";
    /** @description A command that was queued. */
    CommandCreated: {
      /** @description Its id. */
      command_id: string;
    };
    /** @description The commands that are not acknowledged yet, oldest first. */
    PendingCommands: {
      /** @description The commands; each is answered again until it is acknowledged. */
      commands: components["schemas"]["PendingCommand"][];
    };
    /** @description A command that is not acknowledged yet. */
    PendingCommand: {
      /** @description Names the command; delivered until acknowledged under this id. */
      command_id: string;
      /** @description What to do. */
      action: components["schemas"]["Action"];
      /**
       * @description Its parameters: rubric parameters for `tweak`, `{"answer": "..."}` for `answer`.
       * @default {}
       */
      parameters: JsonObject;
      /** @description Who issued it. */
      author: string;
      /**
       * Format: date-time
       * @description When the server received it.
       */
      issued_at: string;
    };
    /** @description The acknowledgement of a command. */
    CommandAck: {
      /** @description The result; `ok` where it is absent. */
      result?: string | null;
    };
    /** @description A command that was acknowledged, now or before. */
    CommandAcked: {
      /** @description Always `ok`. */
      status: string;
    };
    /** @description One page of a list. */
    MonitorPage: {
      /** @description The items of this page, in the order of the list. */
      items: components["schemas"]["Monitor"][];
      /**
       * @description What to pass as `cursor` to get the next page; null on the last one. Opaque: it is only valid for the
       *     same list with the same conditions.
       */
      next_cursor: string | null;
    };
    /** @description A monitor, and the state of its webhook. */
    Monitor: {
      /** @description The project. */
      project: string;
      /** @description Its name, the only one of its project. */
      name: string;
      /** @description The rule. */
      rule: string;
      /** @description The severity of its alerts. */
      severity: components["schemas"]["Severity"];
      /**
       * Format: uint32
       * @description Least seconds between two alerts in one run.
       */
      cooldown_secs: number;
      /**
       * Format: date-time
       * @description When it was saved. What was received before raises no alert.
       */
      saved_at: string;
      /** @description The address that each of its alerts is posted to. */
      webhook: string | null;
      /** @description What the training side is told to do when it raises an alert. */
      action: components["schemas"]["MonitorAction"] | null;
      /** @description The last failure of the webhook since it was last delivered to. */
      webhook_failure: components["schemas"]["WebhookFailure"] | null;
    };
    /**
     * @description A command that a monitor issues with each of its alerts. The other commands need a person's choice.
     * @enum {string}
     */
    MonitorAction: "pause" | "stop";
    /** @description Why an alert was not delivered. */
    WebhookFailure: {
      /**
       * Format: date-time
       * @description When it was tried.
       */
      at: string;
      /**
       * Format: uint32
       * @description How often it was tried.
       */
      attempts: number;
      /** @description Why it failed. */
      error: string;
      /** @description Whether it was given up. */
      is_final: boolean;
    };
    /** @description One page of a list. */
    ProjectAlertPage: {
      /** @description The items of this page, in the order of the list. */
      items: components["schemas"]["ProjectAlert"][];
      /**
       * @description What to pass as `cursor` to get the next page; null on the last one. Opaque: it is only valid for the
       *     same list with the same conditions.
       */
      next_cursor: string | null;
    };
    /** @description An alert of a run of a project. */
    ProjectAlert: {
      /**
       * Format: uuid
       * @description Its id.
       */
      id: string;
      /** @description The run. */
      run: string;
      /** @description The name of the run. */
      run_name: string;
      /**
       * Format: uint64
       * @description Its place in the log.
       */
      seq: number;
      /**
       * Format: uint64
       * @description The step that it is of.
       */
      step: number | null;
      /**
       * Format: date-time
       * @description Its time.
       */
      at: string;
      /** @description What it says. */
      text: string;
      /** @description Its severity. */
      severity: components["schemas"]["Severity"];
      /** @description The monitor that raised it; `null` where the producer of the run did. */
      monitor: string | null;
    };
    /** @description A rule to save, or to try. */
    MonitorRequest: {
      /** @description The rule, such as `mean(loss, 20) > 3`. */
      rule: string;
      /**
       * @description The severity of its alerts.
       * @default warning
       */
      severity?: components["schemas"]["Severity"];
      /**
       * Format: uint32
       * @description Least seconds between two alerts in one run; 600 where it is absent.
       */
      cooldown_secs?: number | null;
      /** @description The `http:` or `https:` address that each alert is posted to; none where it is absent or empty. */
      webhook?: string | null;
      /** @description What the training side is told to do with each of its alerts; nothing where it is absent. */
      action?: components["schemas"]["MonitorAction"] | null;
    };
    /** @description Where a rule would have raised alerts in the newest runs of a project. */
    ProjectTrial: {
      /**
       * Format: uint64
       * @description The events that were looked at.
       */
      events: number;
      /**
       * Format: uint64
       * @description How often it would have raised an alert.
       */
      total: number;
      /** @description Whether there are runs or events that were not looked at. */
      is_cut: boolean;
      /** @description The newest 20 runs, as far as they were looked at. */
      runs: components["schemas"]["RunTrial"][];
    };
    /** @description Where a rule would have raised alerts in one of several runs. */
    RunTrial: {
      /** @description The run. */
      run: string;
      /** @description The name of the run. */
      run_name: string;
      /**
       * Format: uint64
       * @description How often it would have raised an alert.
       */
      total: number;
      /** @description The first 20 of them. */
      firings: components["schemas"]["MonitorFiring"][];
    };
    /** @description A place at which a rule would have raised an alert. */
    MonitorFiring: {
      /**
       * Format: uint64
       * @description The step.
       */
      step: number | null;
      /**
       * Format: uint64
       * @description The event that decided it.
       */
      seq: number;
      /**
       * Format: date-time
       * @description The time of that event.
       */
      at: string;
      /** @description What the functions of the rule computed, such as `mean(loss, 20) = 3.2`. */
      values: string;
    };
    /** @description Where a rule would have raised alerts in a run. */
    MonitorTrial: {
      /**
       * Format: uint64
       * @description The events that were looked at.
       */
      events: number;
      /**
       * Format: uint64
       * @description How often it would have raised an alert.
       */
      total: number;
      /** @description The first 1,000 of them. */
      firings: components["schemas"]["MonitorFiring"][];
    };
    /** @description A file that will come in slices. */
    ImportAnnouncement: {
      /** @description Its name, which names the run. */
      name: string;
      /**
       * Format: uint64
       * @description Its size in bytes, where it is known before the last slice.
       */
      size_bytes?: number | null;
      /**
       * @description What tells it from other files, such as its path, size and time of change: announced under the same
       *     key it continues where it was. Without a key it is a file of its own.
       */
      key?: string | null;
      /**
       * @description Which column is which field, such as `completion=answer,step=iteration`.
       * @default
       */
      map?: string;
      /**
       * @description Whether a file that is broken or cut is imported as far as it can be read.
       * @default false
       */
      partial?: boolean;
    };
    /** @description One file under way. */
    ImportStatus: {
      /** @description Names it in later requests. */
      id: string;
      /** @description The file's name. */
      name: string;
      /** @description How far it has come. */
      phase: components["schemas"]["ImportPhase"];
      /**
       * Format: uint64
       * @description Its size in bytes, once it is known.
       */
      size_bytes: number | null;
      /**
       * Format: uint64
       * @description Bytes that have arrived: where the next slice begins.
       */
      received_bytes: number;
      /**
       * Format: uint64
       * @description Bytes read in this phase.
       */
      done_bytes: number;
      /**
       * Format: date-time
       * @description When it was announced.
       */
      created_at: string;
      /** @description The run it becomes; there from the moment its first event is. */
      run: string | null;
      /** @description The run's name. */
      run_name: string;
      /**
       * Format: uint64
       * @description Scored steps.
       */
      steps: number;
      /**
       * Format: uint64
       * @description Episodes.
       */
      episodes: number;
      /** @description What is unusual in the file, though it can be read. */
      warnings: string[];
      /** @description Why it failed, or why it waits. */
      error?: components["schemas"]["ErrorInfo"] | null;
    };
    /** @description How far a file has come. */
    ImportPhase: "receiving" | "checking" | "importing" | "done" | "failed";
    /** @description One page of a list. */
    ImportStatusPage: {
      /** @description The items of this page, in the order of the list. */
      items: components["schemas"]["ImportStatus"][];
      /**
       * @description What to pass as `cursor` to get the next page; null on the last one. Opaque: it is only valid for the
       *     same list with the same conditions.
       */
      next_cursor: string | null;
    };
    /** @description One page of a list. */
    ArtifactPage: {
      /** @description The items of this page, in the order of the list. */
      items: components["schemas"]["Artifact"][];
      /**
       * @description What to pass as `cursor` to get the next page; null on the last one. Opaque: it is only valid for the
       *     same list with the same conditions.
       */
      next_cursor: string | null;
    };
    /** @description One artifact, as its event `artifact.added` describes it. */
    Artifact: {
      /**
       * Format: uint64
       * @description Sequence number of the event.
       */
      seq: number;
      /**
       * Format: date-time
       * @description The producer's time.
       */
      at: string;
      /** @description Its episode, if any. */
      episode: string | null;
      /**
       * Format: uint64
       * @description Its step, if any.
       */
      step: number | null;
      /** @description File name. */
      name: string;
      /** @description Media type. */
      mime_type: string;
      /**
       * Format: uint64
       * @description Size in bytes.
       */
      size_bytes: number;
      /** @description SHA-256 of the content, lowercase hex. */
      sha256: string;
      /** @description What it is for. */
      role: string;
      /** @description Whether the server has the bytes. */
      stored: boolean;
    };
    /** @description A page of what was found, and how far the index is. */
    SearchPage: {
      /** @description The items of this page, in the order of the list. */
      items: components["schemas"]["SearchHit"][];
      /**
       * @description What to pass as `cursor` to get the next page; null on the last one. Opaque: it is only valid for the
       *     same list with the same conditions.
       */
      next_cursor: string | null;
      /** @description Whether more events match than are ranked: then no page shows the rest, and a narrower search does. */
      more: boolean;
      /** @description Whether every event of the log is in the index. */
      complete: boolean;
      /**
       * Format: date-time
       * @description Where it is not: everything received before this is.
       */
      indexed_up_to: string | null;
      /**
       * Format: uint64
       * @description Events that are not indexed yet.
       */
      waiting: number;
    };
    /** @description One event that was found, with the scores of its step that count. */
    SearchHit: {
      /** @description Its run. */
      run: string;
      /** @description Its run's name. */
      run_name: string;
      /** @description Its run's project. */
      project: string;
      /**
       * Format: uint64
       * @description Its sequence number.
       */
      seq: number;
      /**
       * Format: date-time
       * @description The producer's time.
       */
      at: string;
      /** @description Its kind. */
      kind: components["schemas"]["Kind"];
      /** @description Its episode, if any. */
      episode: string | null;
      /**
       * Format: uint64
       * @description Its step, if any.
       */
      step: number | null;
      /**
       * Format: double
       * @description Root score of its step, where that was evaluated.
       */
      root: number | null;
      /** @description The most severe failure of its step. */
      failure: components["schemas"]["FailureKind"] | null;
      /** @description The scores of its snapshot that fail. */
      failing: components["schemas"]["FailingScore"][];
      /** @description The failures that the producer declared. */
      declared: components["schemas"]["FailureKind"][];
      /** @description The field the snippet is from; null where the event holds no text. */
      field: string | null;
      /** @description A short part of that field's text. */
      snippet: components["schemas"]["SnippetPart"][];
      /**
       * Format: double
       * @description How well it matches: greater is better, comparable within one search only. Null where `q` is empty.
       */
      rank: number | null;
    };
    /**
     * @description Which fact an event states.
     * @enum {string}
     */
    Kind:
      | "run.started"
      | "run.status"
      | "run.finished"
      | "episode.started"
      | "episode.finished"
      | "snapshot.scored"
      | "step.recorded"
      | "score.added"
      | "artifact.added"
      | "command.issued"
      | "command.applied"
      | "challenge.answered"
      | "annotation.added"
      | "alert.raised"
      | "experiment.registered"
      | "experiment.designed"
      | "experiment.started"
      | "experiment.finished"
      | "trial.started"
      | "trial.finished"
      | "gap";
    /** @description A score that fails. */
    FailingScore: {
      /** @description Its rubric. */
      path: string;
      /**
       * Format: double
       * @description The score.
       */
      value: number;
      /** @description How it fails. */
      failure: components["schemas"]["FailureKind"];
    };
    /** @description A part of a snippet. Nothing in it is escaped. */
    SnippetPart: {
      /** @description The text. */
      text: string;
      /** @description Whether it matches what was looked for. */
      hit: boolean;
    };
    /** @description A statement, and how far it may go. */
    SqlRequest: {
      /** @description One SELECT in SQLite's dialect over the views that docs/sql.md lists, at most 10,000 bytes. */
      sql: string;
      /** @description The runs whose rows the views have; all runs where it is absent or empty. */
      runs?: string[];
      /**
       * @description Most rows of the answer.
       * @default 1000
       */
      limit?: number;
      /**
       * @description How long the statement may take, the reading of its runs included, in seconds.
       * @default 10
       */
      seconds?: number;
      /**
       * @description How the answer is written.
       * @default json
       */
      format?: components["schemas"]["SqlFormat"];
    };
    /** @description How the answer of a statement is written. */
    SqlFormat: "json" | "csv" | "parquet";
    /** @description The rows that a statement found. */
    SqlAnswer: {
      /** @description The names of the columns, each once: a second one of a name gets `_2`, and so on. */
      columns: string[];
      /**
       * @description The rows, each with a value for every column: null, a number, or a text. Infinite numbers are null,
       *     bytes are hexadecimal digits.
       */
      rows: unknown[][];
      /** @description Whether there are more rows than `limit`, or than fit into one answer. */
      truncated: boolean;
    };
    /** @description A key to create. */
    KeyRequest: {
      /** @description Whose it is to be; the author of what is written with it. */
      name: string;
      /** @description What its holder may do. */
      role: components["schemas"]["Role"];
      /** @description The projects that it is valid for; all where none are named. */
      projects?: string[] | null;
      /**
       * Format: date-time
       * @description When it expires; never where that is left out.
       */
      expires_at?: string | null;
    };
    /** @description What the holder of a key may do. */
    Role: "viewer" | "recorder" | "operator" | "admin";
    /** @description A key that was created. */
    CreatedKey: {
      /** @description The key. */
      key: components["schemas"]["ApiKey"];
      /** @description What its holder presents. Answered here only: the server does not store it. */
      secret: string;
    };
    /** @description An API key without its secret. */
    ApiKey: {
      /** @description The first characters of the secret, which name the key. */
      id: string;
      /** @description Whose it is; the author of what is written with it. */
      name: string;
      /** @description What its holder may do. */
      role: components["schemas"]["Role"];
      /** @description The projects that it is valid for; absent for all. */
      projects?: string[] | null;
      /**
       * Format: date-time
       * @description When it was created.
       */
      created_at: string;
      /** @description Who created it. */
      created_by: string;
      /**
       * Format: date-time
       * @description When it expires; absent for never.
       */
      expires_at?: string | null;
      /**
       * Format: date-time
       * @description When it was revoked.
       */
      revoked_at?: string | null;
      /**
       * Format: date-time
       * @description When it was last used, to about a minute.
       */
      last_used_at?: string | null;
    };
    /** @description One page of a list. */
    ApiKeyPage: {
      /** @description The items of this page, in the order of the list. */
      items: components["schemas"]["ApiKey"][];
      /**
       * @description What to pass as `cursor` to get the next page; null on the last one. Opaque: it is only valid for the
       *     same list with the same conditions.
       */
      next_cursor: string | null;
    };
    /** @description A backup to make. */
    BackupRequest: {
      /** @description How much it is to hold; where that is left out, what the schedule would choose. */
      kind?: components["schemas"]["BackupKind"] | null;
    };
    /** @description How much a backup holds. */
    BackupKind: "full" | "incremental";
    /** @description A backup that a server made, makes or is to make. */
    Backup: {
      /**
       * Format: uint64
       * @description Its number: the greater, the later.
       */
      id: number;
      /** @description How far it is. */
      status: components["schemas"]["BackupStatus"];
      /** @description What was asked for, and once it has ended what it is; absent where the schedule decides. */
      kind?: components["schemas"]["BackupKind"] | null;
      /** @description Who asked for it: `schedule`, or the name of a key. */
      asked_by: string;
      /**
       * Format: date-time
       * @description When it was asked for.
       */
      asked_at: string;
      /**
       * Format: date-time
       * @description When a server began with it.
       */
      started_at?: string | null;
      /**
       * Format: uint64
       * @description Milliseconds that it took, reading it back included.
       */
      took_ms?: number | null;
      /** @description The file of the archive, in the folder for backups. */
      file?: string | null;
      /**
       * Format: uint64
       * @description Bytes of the archive.
       */
      bytes?: number | null;
      /**
       * Format: uint64
       * @description Bytes of what is in it, before compression.
       */
      raw_bytes?: number | null;
      /**
       * Format: uint64
       * @description Events in it.
       */
      events?: number | null;
      /** @description SHA-256 of the archive, in hexadecimal. */
      sha256?: string | null;
      /** @description Whether it was read back, and everything in it has its hash. */
      verified: boolean;
      /** @description Why it failed. */
      error?: string | null;
      /**
       * Format: date-time
       * @description When its archive was deleted because it was old.
       */
      removed_at?: string | null;
    };
    /** @description How far a backup is. */
    BackupStatus: "waiting" | "running" | "completed" | "failed" | "interrupted";
    /** @description One page of a list. */
    BackupPage: {
      /** @description The items of this page, in the order of the list. */
      items: components["schemas"]["Backup"][];
      /**
       * @description What to pass as `cursor` to get the next page; null on the last one. Opaque: it is only valid for the
       *     same list with the same conditions.
       */
      next_cursor: string | null;
    };
    /** @description A hub that runs. */
    HubHealth: {
      /** @description Always `healthy`. */
      status: string;
      /** @description Always `observability_hub`. */
      service: string;
    };
    /** @description A snapshot, as it is posted. */
    HubSnapshot: {
      /**
       * Format: uint64
       * @description The step.
       */
      step: number;
      /** @description Scores by rubric. */
      scores: {
        [key: string]: number;
      };
      /** @description Anything else. */
      metadata?: JsonObject | null;
    };
    /** @description What was posted is kept. */
    HubAccepted: {
      /** @description Always `ok`. */
      status: string;
    };
    /** @description A refusal, in the shape that the hub's clients know. */
    HubError: {
      /** @description What is wrong. */
      detail: components["schemas"]["HubErrorDetail"][];
    };
    /** @description One thing that is wrong. */
    HubErrorDetail: {
      /** @description A word for machines, such as `missing`. */
      type: string;
      /** @description Where it is: `body` or `query`, then the path of the field. */
      loc: string[];
      /** @description A sentence for people. */
      msg: string;
      /** @description What was found there. */
      input: unknown;
    };
    /** @description Every session. */
    HubSessions: {
      /** @description The sessions. */
      sessions: components["schemas"]["HubSession"][];
    };
    /** @description A session: a run, as the hub calls it. */
    HubSession: {
      /** @description The run's id. */
      session_id: string;
      /** @description Metadata of its last step. */
      metadata: JsonObject;
      /**
       * Format: uint64
       * @description Scored steps.
       */
      step_count: number;
    };
    /** @description The snapshots of a session. Written one by one, so that it is a type for the document only. */
    HubSessionData: {
      /** @description The run's id. */
      session_id: string;
      /** @description Its snapshots, by step. */
      snapshots: JsonObject[];
    };
    /** @description Two sessions side by side. Written pair by pair, so that it is a type for the document only. */
    HubComparison: {
      /** @description The one session. */
      sft: string;
      /** @description The other. */
      grpo: string;
      /** @description The steps both have. */
      pairs: components["schemas"]["HubPair"][];
    };
    /** @description A step that two sessions have. */
    HubPair: {
      /**
       * Format: uint64
       * @description The step.
       */
      step: number;
      /** @description Its snapshot in the SFT session. */
      sft: JsonObject;
      /** @description Its snapshot in the GRPO session. */
      grpo: JsonObject;
      /**
       * Format: double
       * @description What GRPO's root score gained over SFT's, where both have one.
       */
      delta: number | null;
    };
    /** @description A task before and after. Written pair by pair, so that it is a type for the document only. */
    HubEvolution: {
      /** @description The task. */
      task_id: string;
      /** @description The steps that its newest SFT and its newest GRPO session both have. */
      pairs: components["schemas"]["HubPair"][];
    };
    /** @description What a search found. */
    HubSearch: {
      /** @description What was looked for. */
      query: string;
      /** @description Whether any of the words is enough, by their stems. */
      semantic: boolean;
      /** @description The snapshots, best first. */
      results: components["schemas"]["HubSearchResult"][];
    };
    /** @description A snapshot that was found. */
    HubSearchResult: {
      /** @description Its event's id. */
      id: string;
      /** @description Its session. */
      session_id: string;
      /**
       * Format: uint64
       * @description Its step.
       */
      step: number;
      /** @description Its scores. */
      scores: {
        [key: string]: number;
      };
      /** @description Its metadata. */
      metadata: JsonObject;
      /** @description `keyword` where all words match, `expanded_keyword` where any does. */
      search_type: string;
      /**
       * Format: double
       * @description Its rank against the best one's, 0 to 1.
       */
      similarity: number;
    };
    /** @description Snapshots as context for a prompt. */
    HubContext: {
      /** @description What was looked for. */
      query: string;
      /** @description The best matches as text. */
      context: string;
    };
    /** @description A command as the hub's clients know it. */
    HubCommand: {
      /** @description `RESUME`, `TWEAK`, or another action in capitals; `NONE` where no command is pending. */
      action: string;
      /** @description Parameters and their new values. */
      tweak?: JsonObject | null;
    };
    /** @description A server that runs. */
    Health: {
      /** @description Always `ok`. */
      status: string;
      /** @description Its version. */
      version: string;
      /**
       * Format: uint64
       * @description How long it has been running, seconds.
       */
      up_secs: number;
    };
    /** @description A server that can write its log. */
    Readiness: {
      /** @description Always `ready`. */
      status: string;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
  get_runs: {
    parameters: {
      query?: {
        /** @description `next_cursor` of the page before. */
        cursor?: string;
        /** @description Most items on the page. */
        limit?: number;
        /** @description Only this project's. */
        project?: string;
        /** @description Only runs of this status. */
        status?: components["schemas"]["Status"];
        /** @description Only runs that have each of these words in their id, name, project, task, agent, tags or notes. */
        q?: string;
        /** @description Only runs with this tag. */
        tag?: string;
        /**
         * @description Only runs that fulfil these conditions: `COLUMN OPERATOR VALUE`, joined by `and`, as in
         *     `lr < 1e-5 and created >= 2026-11-01`. Operators are `=`, `!=`, `<`, `<=`, `>` and `>=`; a name that
         *     is not a column is a key of the configuration; what has blanks or operators in it is put in double
         *     quotes. A run without a value fulfils none.
         */
        filter?: string;
        /**
         * @description A column; `created` where none is named. Numbers and times begin with the greatest, texts and values
         *     of the configuration with the least; `-` in front reverses it, as in `-steps`. Runs without a value
         *     are last in both directions.
         */
        sort?: string;
        /**
         * @description Columns that each item's `columns` has the values of, with commas between them: `created`, `updated`,
         *     `name`, `project`, `status`, `steps`, `failing`, `mean`, `last`, `duration`, `events`, `episodes`,
         *     `id`, `kind`, `agent`, `task`, `tags`, `notes`, `config:KEY` for a value of the configuration, or
         *     `last:PATH`, `mean:PATH`, `low:PATH` or `high:PATH` for what the values of a rubric or measurement
         *     came to. A comma or a percent sign of a key is written `%2C` or `%25`.
         */
        columns?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_runs: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_runs_run: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  delete_runs_run: {
    parameters: {
      query?: {
        /** @description The run's name, repeated. */
        name?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  patch_runs_run: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  put_runs_run_writers_writer: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_views: {
    parameters: {
      query?: {
        /** @description The project; the list of all runs where none is named. */
        project?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  put_views_name: {
    parameters: {
      query?: {
        /** @description The project; the list of all runs where none is named. */
        project?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  delete_views_name: {
    parameters: {
      query?: {
        /** @description The project; the list of all runs where none is named. */
        project?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  patch_views_name: {
    parameters: {
      query?: {
        /** @description The project; the list of all runs where none is named. */
        project?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_changes: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_columns: {
    parameters: {
      query?: {
        /** @description Only this project's. */
        project?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_runs_run_episodes: {
    parameters: {
      query?: {
        /** @description `next_cursor` of the page before. */
        cursor?: string;
        /** @description Most items on the page. */
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_runs_run_events: {
    parameters: {
      query?: {
        /** @description Sequence number to read after; from the first event unless it is given. */
        after?: number;
        /** @description Most events to answer. */
        limit?: number;
        /** @description Only these kinds, separated by commas. */
        kind?: string;
        /** @description Only this episode's; empty: those that belong to none. */
        episode?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_runs_run_events: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_runs_run_live: {
    parameters: {
      query?: {
        /** @description Sequence number to go on after. For server-sent events the header `Last-Event-ID` overrides it. */
        after?: number;
        /** @description How a WebSocket writes events. */
        format?: components["schemas"]["LiveFormat"];
        /** @description An API key, for browsers, which can set no header here. */
        access_token?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_runs_run_steps: {
    parameters: {
      query?: {
        /** @description `next_cursor` of the page before. */
        cursor?: string;
        /** @description Most items on the page. */
        limit?: number;
        /** @description Only steps after this one. */
        after?: number;
        /** @description Only steps that fail: `any`, a kind of failure, or a rubric's path. */
        failing?: string;
        /** @description Only this episode's; empty: those that belong to none. */
        episode?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_runs_run_steps_step: {
    parameters: {
      query?: {
        /** @description `next_cursor` of the part before. */
        cursor?: string;
        /** @description Most events of the part; it ends earlier where their bodies are large. */
        limit?: number;
        /** @description Only this episode's; empty: what belongs to none. */
        episode?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_runs_run_film: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_runs_run_film_level_chunk: {
    parameters: {
      query?: {
        /** @description The manifest's `version`; with it the chunk may be cached for ever. */
        v?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_runs_run_series: {
    parameters: {
      query?: {
        /** @description The rubric or measurement; `root` where it is absent. */
        path?: string;
        /** @description First step. */
        from?: number;
        /** @description Last step. */
        to?: number;
        /** @description Most points to answer. */
        points?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_projects_project_effects: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  put_projects_project_effects: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_series: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_compare: {
    parameters: {
      query: {
        /**
         * @description The ids of 1 to 200 runs, separated by commas. A comma or a percent sign of an id is written `%2C` or
         *     `%25`.
         */
        runs: string;
        /** @description The run that differences are taken to; the first one where none is named. */
        baseline?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_compare_tasks: {
    parameters: {
      query: {
        /** @description The one. */
        a: string;
        /** @description The other. */
        b: string;
        /** @description Most tasks described in each of the two lists. */
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_runs_run_groups: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_runs_run_correlations: {
    parameters: {
      query?: {
        /** @description First step; 0 without it. */
        from?: number;
        /** @description Last step; the end of the run without it. */
        to?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_runs_run_steps_step_groups: {
    parameters: {
      query?: {
        /** @description `next_cursor` of the part before. */
        cursor?: string;
        /** @description Most groups of the part; it ends earlier where their texts are large. */
        limit?: number;
        /** @description Most rollouts of a group: where it has more, the best and the worst are answered, half of each. */
        rollouts?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_runs_run_commands: {
    parameters: {
      query?: {
        /** @description Seconds to wait for a command where none is pending. */
        wait?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_runs_run_commands: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_runs_run_commands_command_ack: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_projects_project_monitors: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_projects_project_alerts: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_projects_project_monitor_trials: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  put_projects_project_monitors_name: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  delete_projects_project_monitors_name: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_runs_run_monitors_try: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_imports: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_imports: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_imports_id: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  put_imports_id: {
    parameters: {
      query: {
        /** @description Where in the file the slice begins, bytes. */
        offset: number;
        /** @description Whether it is the last one, where no size was announced. */
        last?: boolean;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  delete_imports_id: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_runs_run_export: {
    parameters: {
      query?: {
        /** @description `results` (the default), `jsonl`, `film`, `parquet`, `csv`, `dpo` or `otlp`. */
        format?: "results" | "jsonl" | "film" | "parquet" | "csv" | "dpo" | "otlp";
        /** @description For `dpo`: the run whose answers are compared with this one's. */
        with?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_runs_run_artifacts: {
    parameters: {
      query?: {
        /** @description `next_cursor` of the page before. */
        cursor?: string;
        /** @description Most items on the page. */
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_search: {
    parameters: {
      query?: {
        /** @description What to look for; empty: every event, newest first. */
        q?: string;
        /** @description Only this project's. */
        project?: string;
        /** @description Only this run's. */
        run?: string;
        /** @description Only steps that fail: `any`, a kind of failure, or a rubric path. */
        failing?: string;
        /** @description Most items on the page. */
        limit?: number;
        /** @description `next_cursor` of the page before. */
        cursor?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_sql: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_openapi_json: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_keys: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_keys: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  delete_keys_id: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_backups: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_backups: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_import: {
    parameters: {
      query?: {
        /** @description The file's name, which names the run. */
        name?: string;
        /** @description Which column is which field, such as `completion=answer,step=iteration`. */
        map?: string;
        /** @description Whether a file that is broken or cut is imported as far as it can be read. */
        partial?: boolean;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_runs_run_artifacts_sha256: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  put_runs_run_artifacts_sha256: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_v1_traces: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_v1_logs: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_v1_metrics: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_health: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_ws_gauntlet_sid: {
    parameters: {
      query?: {
        /** @description `0` for new snapshots only. */
        replay?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_gauntlet_stream_sid: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_gauntlet_sessions: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_gauntlet_data_sid: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_gauntlet_comparison: {
    parameters: {
      query: {
        /** @description The one. */
        sft_session: string;
        /** @description The other. */
        grpo_session: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_gauntlet_evolution_task: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_gauntlet_search: {
    parameters: {
      query: {
        /** @description Words; marks between them mean nothing. */
        query: string;
        /** @description `true` or `false`, the default. */
        semantic?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_gauntlet_rag: {
    parameters: {
      query: {
        /** @description Words; any of them will do, by their stems. */
        query: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_gauntlet_command_sid: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  post_gauntlet_command_sid: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_healthz: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_readyz: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
  get_metrics: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: never;
  };
}
