// An agent loop with tools, retries and rewards, logged to Gauntlet. The agent is small and real: it looks
// for a number by bisection, with a tool that now and then fails, and gets better over the episodes because
// it learns the range.
//
//   node examples/agent.mjs [episodes] [pause in ms]

import { init } from "gauntlet-sdk/node";

const episodes = Number(process.argv[2] ?? 40);
const pauseMs = Number(process.argv[3] ?? 50);
const pause = () => new Promise((resolve) => setTimeout(resolve, pauseMs));

/** The environment: tells whether a guess is low or high, and fails one time in eight. */
function world(random) {
  const secret = 400 + Math.floor(random() * 100);
  return (guess) => {
    if (random() < 1 / 8) throw new RangeError(`the scale is out of order at ${guess}`);
    return guess === secret ? "right" : guess < secret ? "low" : "high";
  };
}

/** A generator with a seed: the same run every time. */
function seeded(state) {
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

const random = seeded(7);
const config = { episodes, range: [0, 1000] };
const run = await init({ project: "examples", name: "bisection agent", kind: "agent", config });
console.log(`logging to ${run.url}`);

// What the agent has learnt: the range in which secrets were so far.
const learnt = { low: 1000, high: 0 };

for (let step = 1; step <= episodes; step += 1) {
  const weigh = world(random);
  await run.episode({ task: "find the number", step }, async (episode) => {
    const knows = learnt.low <= learnt.high && step > 8;
    let [low, high] = knows ? [learnt.low - 20, learnt.high + 20] : [0, 1000];
    let [calls, failures, guess, answer] = [0, 0, 0, ""];
    while (answer !== "right" && calls < 12 && low <= high) {
      guess = Math.floor((low + high) / 2);
      episode.thought(`It is between ${low} and ${high}; I try ${guess}.`);
      calls += 1;
      try {
        answer = await episode.toolCall("weigh", { guess }, () => weigh(guess));
      } catch {
        failures += 1;
        continue;
      }
      if (answer === "low") low = guess + 1;
      if (answer === "high") high = guess - 1;
      await pause();
    }
    const found = answer === "right";
    if (found) [learnt.low, learnt.high] = [Math.min(learnt.low, guess), Math.max(learnt.high, guess)];
    const reward = found ? 12 - calls : -10;
    episode.reward(reward);
    episode.rollout({
      scores: { root: reward, success: found ? 1 : -1, tools: { reliability: 2 - failures } },
      action: found ? `The number is ${guess}.` : "I did not find it.",
      observation: `${calls} weighings, ${failures} of them failed`,
      metadata: { calls, failures, range: [low, high] },
    });
    run.metrics({ calls, range: high - low }, { step });
  });
}

const stats = await run.finish({ summary: { episodes } });
console.log(`${stats.sent} events sent, ${stats.lost} lost; see ${run.url}`);
