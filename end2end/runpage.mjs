// The run page as people use it: by roles and labels, and by the data attributes that describe the picture.

import { SMALL, until } from "./harness.mjs";

/** The failures by their name in the log: how the stage draws them, and how the page calls them. */
export const FAILURES = {
  hallucination: { effect: "wobbling_plane", title: "Ungrounded claim" },
  format: { effect: "jagged_burst", title: "Unreadable format" },
  refusal: { effect: "wall", title: "Refusal" },
  inconsistency: { effect: "split_burst", title: "Inconsistent answer" },
  generic: { effect: "burst", title: "failed" },
};

export class RunPage {
  constructor(page) {
    this.page = page;
    this.stage = page.locator(".stage");
    this.slider = page.getByRole("slider", { name: "Position in the run" });
    this.list = page.getByRole("listbox", { name: "Steps of the run" });
    this.diagnostics = page.getByRole("complementary", { name: "Diagnostics" });
    this.callout = page.locator(".callout.is-shown");
  }

  /** Opens `path` in a new page and waits until its film is here. `open` is the story's `page`. */
  static async open(open, path, options = SMALL) {
    const run = new RunPage(await open({ path, ...options }));
    await run.opened();
    return run;
  }

  /** Resolves once the film is here as far as the server has it, and drawn. */
  async opened() {
    const isOpen = ({ ready, feed, nodes }) => ready && feed === "live" && nodes > 0;
    // The first picture waits for shaders, which a machine without a graphics card compiles in seconds.
    return this.until("the film is open", isOpen, { within: 60_000 });
  }

  /** What the stage shows, as app/src/gauntlet/facts.rs writes it. */
  async facts() {
    const data = await this.stage.evaluate((element) => ({ ...element.dataset }));
    return {
      ...data,
      nodes: Number(data.nodes),
      step: data.step ? Number(data.step) : null,
      jagged: Number(data.jagged),
      effects: JSON.parse(data.effects ?? "{}"),
      playing: data.playing === "true",
      following: data.following === "true",
      ready: data.ready === "true",
    };
  }

  /** Waits until the facts match; resolves to them. A timeout reports what they were. */
  async until(what, holds, options) {
    let facts = null;
    const probe = async () => {
      facts = await this.facts();
      return holds(facts) && facts;
    };
    return until(what, probe, options).catch((error) => {
      throw new Error(`${error.message}; the stage says ${JSON.stringify(facts)}`);
    });
  }

  /** Waits until the step is selected everywhere: in the picture, in the list, in the address. */
  async selected(step) {
    await this.until(`step ${step} is selected`, (facts) => facts.step === step);
    await until(`step ${step} is selected in the list`, async () => (await this.listed()) === step);
    await until(`the address names step ${step}`, async () => this.inAddress() === step);
  }

  /** The step selected in the list, or null. */
  async listed() {
    const numbers = await this.list.locator("[aria-selected=true] .step-number").allInnerTexts();
    return numbers.length === 1 ? Number(numbers[0]) : null;
  }

  /** The step in the address, or null. */
  inAddress() {
    const step = new URL(this.page.url()).searchParams.get("step");
    return step === null ? null : Number(step);
  }

  /** Finds a step through the search of the list and selects it there. */
  async choose(step) {
    const search = this.page.getByRole("searchbox", { name: "Search steps" });
    await search.fill(`${step}`);
    const number = this.list.locator(".step-number").getByText(`${step}`, { exact: true });
    await number.click();
    await search.fill("");
    // Keys are the page's again, not the field's.
    await search.blur();
    await this.selected(step);
  }

  /**
   * Clicks in the picture until another step than the selected one is; resolves to it. The agent is in the
   * middle of the picture and its neighbours beside it: somewhere on the way out is another node.
   */
  async pickAnother() {
    const before = await this.listed();
    const { x, y, width, height } = await this.stage.locator(".pictures").boundingBox();
    return until("a click in the picture selects another step", async () => {
      for (let away = 12; away < width / 2; away += 7) {
        await this.page.mouse.click(x + width / 2 + away, y + height / 2 + (away % 5) * 3 - 6);
        const listed = await this.listed();
        if (listed !== null && listed !== before) return listed;
      }
      return null;
    });
  }

  /** Presses a button of the transport. */
  async press(name) {
    await this.page.getByRole("region", { name: "Transport" }).getByRole("button", { name }).click();
  }

  /** A line of the rubric tree. */
  rubric(path) {
    return this.diagnostics.locator(`li[data-path="${path}"]`);
  }

  /** The rubric tree as read out: path -> `state, value`. */
  async rubrics() {
    const lines = this.diagnostics.getByRole("list", { name: "Rubrics" }).getByRole("listitem");
    const texts = await lines.evaluateAll((all) => {
      return all.map((line) => [line.dataset.path, line.querySelector(".branch-line").textContent]);
    });
    return Object.fromEntries(texts.map(([path, text]) => [path, text.split(": ")[1]]));
  }

  /** A part of the inspector, such as `Action`. */
  part(title) {
    const heading = this.page.locator("summary", { hasText: new RegExp(`^${title}`) });
    return this.diagnostics.locator("details.part", { has: heading });
  }

  /** Waits until the inspector shows the step that is selected, not the one before. */
  async inspected(seq) {
    const event = this.part("Timing").locator("dt:text-is('event') + dd");
    const shown = async () => (await event.count()) === 1 && (await event.innerText()) === grouped(seq);
    await until(`the inspector shows event ${seq}`, shown);
  }
}

/** An integer as the page writes it: `1,312`. */
export function grouped(number) {
  return number.toLocaleString("en-US");
}

/** The steps of a run by the API; `failing` is the name of a failure, or `any`. */
export async function stepsOf(server, run, { failing = "", limit = 10_000 } = {}) {
  return (await server.get(`/api/v1/runs/${run}/steps?limit=${limit}&failing=${failing}`)).items;
}

/** What the API has of a scored step: the event as it was received. */
export async function snapshotOf(server, run, step) {
  const { events } = await server.get(`/api/v1/runs/${run}/steps/${step}`);
  return events.find((event) => event.kind === "snapshot.scored");
}
