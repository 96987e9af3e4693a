// One real server for a story: its own data folder, its own port, killed and restarted at will.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

const READY_WITHIN_MS = 15_000;
const STOPS_WITHIN_MS = 15_000;

/** The binary under test: what scripts/test.sh built, unless GAUNTLET_BIN names another. */
function binary() {
  const target = process.env.CARGO_TARGET_DIR ?? join(homedir(), ".cache/gauntlet/target");
  return process.env.GAUNTLET_BIN ?? join(target, "debug/gauntlet");
}

export class Server {
  #program;
  #process = null;
  #listen = "127.0.0.1:0";
  #dataDir = mkdtempSync(join(tmpdir(), "gauntlet-"));
  #children = new Set();

  /** Everything the server has written, over all its lives. */
  log = "";

  /** `program` is the binary to start, where it is not the one under test. */
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

  constructor(program) {
    this.#program = program;
  }

  get url() {
    return `http://${this.#listen}`;
  }

  get dataDir() {
    return this.#dataDir;
  }

  get pid() {
    return this.#process.pid;
  }

  /** Starts it where it was before: same data, same port. Resolves once it is ready. */
  async start() {
    const child = this.#spawn(["serve"]);
    this.#process = child;
    const ready = new Promise((resolve) => {
      let out = "";
      child.stdout.on("data", (text) => {
        out += text;
        this.log += text;
        const ready = /ready at http:\/\/(\S+)/.exec(out);
        if (ready) resolve(ready[1]);
      });
    });
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

  /** As a power cut would: no chance to say goodbye. */
  async kill() {
    await this.#end("SIGKILL");
  }

  /** As an operator would. Resolves to the exit code once it has drained. */
  async stop() {
    return this.#end("SIGTERM");
  }

  async restart({ kill = false } = {}) {
    await (kill ? this.kill() : this.stop());
    await this.start();
  }

  /** Runs `gauntlet ARGS...` against this server; resolves to what it said. Fails unless it exits with 0. */
  async run(...args) {
    const { code, stdout, stderr } = await this.attempt(...args);
    if (code !== 0) throw new Error(`gauntlet ${args.join(" ")} ended with ${code}:\n${stderr}`);
    return stdout;
  }

  /** As `run`, for commands that may fail: resolves to `{code, stdout, stderr}`. */
  async attempt(...args) {
    return this.#finished(this.#spawn(args));
  }

  /**
   * Starts a demo training and lets it go on; `run` is the id of its run, `done` resolves when it has ended.
   */
  demo({ run = "demo", steps = 2400, rate = undefined, seed = 7 } = {}) {
    const args = ["demo", "--run", run, "--steps", `${steps}`, "--seed", `${seed}`];
    if (rate !== undefined) args.push("--rate", `${rate}`);
    const child = this.#spawn(args);
    return { run, done: this.#finished(child), stop: () => child.kill("SIGTERM") };
  }

  /** Imports a file through the command line; resolves to the id of its run. */
  async import(file) {
    return JSON.parse(await this.run("import", "--json", file)).run;
  }

  /** GET a path of the API; resolves to the parsed answer. Fails on anything but 2xx. */
  async get(path) {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`GET ${path} answers ${response.status}: ${await response.text()}`);
    return response.json();
  }

  /** POST JSON to a path of the API; resolves to the parsed answer. Fails on anything but 2xx. */
  async post(path, value) {
    const headers = { "content-type": "application/json" };
    const response = await fetch(this.url + path, { method: "POST", headers, body: JSON.stringify(value) });
    if (!response.ok) throw new Error(`POST ${path} answers ${response.status}: ${await response.text()}`);
    return response.json();
  }

  /** Ends everything this server started and removes its data. */
  async close() {
    for (const child of this.#children) child.kill("SIGKILL");
    await this.kill();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }

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

  async #finished(child) {
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (text) => (output.stdout += text));
    child.stderr.on("data", (text) => (output.stderr += text));
    this.#children.add(child);
    const [code] = await once(child, "close");
    this.#children.delete(child);
    return { code, ...output };
  }

  async #end(signal) {
    const child = this.#process;
    if (child === null) return null;
    this.#process = null;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = once(child, "exit");
    child.kill(signal);
    const late = delay(STOPS_WITHIN_MS).then(() => {
      child.kill("SIGKILL");
      this.#fail(`had not ended ${STOPS_WITHIN_MS} ms after ${signal}`);
    });
    const [code] = await Promise.race([ended, late]);
    return code;
  }

  #fail(what) {
    throw new Error(`The server ${what}. Its log ends:\n${this.log.slice(-2000)}`);
  }
}

/** Waits without keeping the process alive. */
function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
