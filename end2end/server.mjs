// A real server for a test: with a data folder and a port of its own, to kill and restart.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

const READY_WITHIN_MS = 15_000;
const STOPS_WITHIN_MS = 15_000;

/** @typedef {import("node:stream").Readable} Readable */
/** @typedef {import("node:child_process").ChildProcessByStdio<null, Readable, Readable>} Child */

/** The binary under test: the debug build, unless GAUNTLET_BIN names another. */
function binary() {
  const target = process.env.CARGO_TARGET_DIR ?? join(homedir(), ".cache/gauntlet/target");
  return process.env.GAUNTLET_BIN ?? join(target, "debug/gauntlet");
}

/** A server process with its data folder. */
export class Server {
  /** @type {string} */
  #program;
  /** @type {Child | null} */
  #process = null;
  #listen = "127.0.0.1:0";
  #dataDir = mkdtempSync(join(tmpdir(), "gauntlet-"));
  /** @type {Set<Child>} Processes of commands that are running. */
  #children = new Set();

  /** Everything the server has written, with all its restarts. */
  log = "";

  /** Starts a server; `program` is the binary, where it is not the one under test. */
  static async start({ program = binary() } = {}) {
    const server = new Server(program);
    try {
      await server.start();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** @param {string} program */
  constructor(program) {
    this.#program = program;
  }

  /** The base address. */
  get url() {
    return `http://${this.#listen}`;
  }

  /** The data folder. */
  get dataDir() {
    return this.#dataDir;
  }

  /** The process id; `undefined` where it is not running. */
  get pid() {
    return this.#process?.pid;
  }

  /** Starts the process, again with the same data and port. Resolves once it is ready. */
  async start() {
    const child = this.#spawn(["serve"]);
    this.#process = child;
    const ready = /** @type {Promise<string>} */ (
      new Promise((resolve) => {
        let out = "";
        child.stdout.on("data", (text) => {
          out += text;
          this.log += text;
          const address = /ready at http:\/\/(\S+)/.exec(out);
          if (address) resolve(address[1]);
        });
      })
    );
    child.stderr.on("data", (text) => (this.log += text));
    const listen = await Promise.race([
      ready,
      once(child, "exit").then(([code]) => this.#fail(`ended with ${code} before it was ready`)),
      delay(READY_WITHIN_MS).then(() => this.#fail(`was not ready within ${READY_WITHIN_MS} ms`)),
    ]);
    this.#listen = listen;
    const response = await fetch(`${this.url}/readyz`);
    if (!response.ok) this.#fail(`says it is ready, but /readyz answers ${response.status}`);
  }

  /** Kills the process with SIGKILL, as a power failure would. */
  async kill() {
    await this.#end("SIGKILL");
  }

  /** Stops the process with SIGTERM; resolves to the exit code. */
  async stop() {
    return this.#end("SIGTERM");
  }

  async restart({ kill = false } = {}) {
    await (kill ? this.kill() : this.stop());
    await this.start();
  }

  /**
   * Runs `gauntlet ARGS...` against this server; resolves to its standard output. Rejects unless the exit
   * code is 0.
   *
   * @param {...string} args
   */
  async run(...args) {
    const { code, stdout, stderr } = await this.attempt(...args);
    if (code !== 0) throw new Error(`gauntlet ${args.join(" ")} ended with ${code}:\n${stderr}`);
    return stdout;
  }

  /**
   * {@link run} for commands that may fail.
   *
   * @param {...string} args
   */
  async attempt(...args) {
    return this.#finished(this.#spawn(args));
  }

  /** Starts a demo training in the background; `done` resolves when it has ended. */
  demo({ run = "demo", steps = 2400, rate = /** @type {number | undefined} */ (undefined), seed = 7 } = {}) {
    const args = ["demo", "--run", run, "--steps", `${steps}`, "--seed", `${seed}`];
    if (rate !== undefined) args.push("--rate", `${rate}`);
    const child = this.#spawn(args);
    return { run, done: this.#finished(child), stop: () => child.kill("SIGTERM") };
  }

  /**
   * Imports a file with the command line; resolves to the id of its run.
   *
   * @param {string} file
   * @returns {Promise<string>}
   */
  async import(file) {
    return JSON.parse(await this.run("import", "--json", file)).run;
  }

  /**
   * GET a path; resolves to the parsed JSON. Rejects where the status is not 2xx.
   *
   * @param {string} path
   */
  async get(path) {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`GET ${path} answers ${response.status}: ${await response.text()}`);
    return response.json();
  }

  /**
   * POST JSON to a path; resolves to the parsed JSON. Rejects where the status is not 2xx.
   *
   * @param {string} path
   * @param {unknown} value
   */
  async post(path, value) {
    return this.#send("POST", path, value);
  }

  /**
   * PUT JSON to a path; resolves to the parsed JSON. Rejects where the status is not 2xx.
   *
   * @param {string} path
   * @param {unknown} value
   */
  async put(path, value) {
    return this.#send("PUT", path, value);
  }

  /** Kills everything that this server started, and removes its data. */
  async close() {
    for (const child of this.#children) child.kill("SIGKILL");
    await this.kill();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} value
   */
  async #send(method, path, value) {
    const headers = { "content-type": "application/json" };
    const response = await fetch(this.url + path, { method, headers, body: JSON.stringify(value) });
    const { ok, status } = response;
    if (!ok) throw new Error(`${method} ${path} answers ${status}: ${await response.text()}`);
    return response.json();
  }

  /**
   * @param {string[]} args
   * @returns {Child}
   */
  #spawn(args) {
    const environment = { ...process.env, GAUNTLET_LISTEN: this.#listen, GAUNTLET_DATA: this.#dataDir };
    const child = spawn(this.#program, args, {
      env: environment,
      cwd: this.#dataDir,
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.setEncoding("utf8");
    child.stderr.setEncoding("utf8");
    return child;
  }

  /** @param {Child} child */
  async #finished(child) {
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (text) => (output.stdout += text));
    child.stderr.on("data", (text) => (output.stderr += text));
    this.#children.add(child);
    const [code] = await once(child, "close");
    this.#children.delete(child);
    return { code, ...output };
  }

  /**
   * Ends the process; resolves to its exit code.
   *
   * @param {NodeJS.Signals} signal
   */
  async #end(signal) {
    const child = this.#process;
    if (child === null) return null;
    this.#process = null;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = once(child, "exit");
    child.kill(signal);
    const timeout = delay(STOPS_WITHIN_MS).then(() => {
      child.kill("SIGKILL");
      this.#fail(`had not ended ${STOPS_WITHIN_MS} ms after ${signal}`);
    });
    const [code] = await Promise.race([ended, timeout]);
    return code;
  }

  /**
   * @param {string} what
   * @returns {never}
   */
  #fail(what) {
    throw new Error(`The server ${what}. Its log ends:\n${this.log.slice(-2000)}`);
  }
}

/**
 * Waits without keeping the process alive.
 *
 * @param {number} ms
 */
function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
