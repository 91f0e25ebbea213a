// The thread that owns an engine dies, whatever it is doing: the calls of all others end, and what
// they do next as well.

import { once } from "node:events";
import { attachEngine } from "../../src/index.js";
import { assert, seeded, test } from "../harness.js";
import { owner, Submitter } from "./death-attached.js";
import { KINDS, start } from "./death-jobs.js";
import type { Doing } from "./death-owner.js";
import { pause, settled, until } from "./death-support.js";

const random = seeded("owners");

/** Threads that wait for it: they end, whether or not others see the death before. */
async function ended(other: Submitter): Promise<void> {
  await until(() => other.hasEnded, "the calls of a thread that waits end");
  assert.throws(
    () => other.check(),
    (error: { code: string }) => error.code === "ERR_CLOSED",
  );
}

for (const doing of ["rests", "reduces", "waits", "is busy"] satisfies Doing[]) {
  test(`an owner that ${doing} is terminated: calls of attached threads end with ERR_CLOSED`, async () => {
    const { worker, handle, material } = await owner(doing);
    const engine = attachEngine(handle);
    const other = await new Submitter(engine, material).attached();
    other.begin();
    await until(() => other.rounds > 0, "another thread's jobs are right");
    worker.postMessage("go on");
    const stream = await engine.stream("float64", "sum");
    await pause(random.int(20));
    const calls = KINDS.map((kind) => start(engine, material, kind));
    for (const call of calls) call.catch(() => {});
    await worker.terminate();
    // Answered before its end, or not at all: but each call ends.
    for (const [i, kind] of KINDS.entries()) {
      const call = calls[i] as Promise<unknown>;
      const got = await settled(
        call.catch((error: { code: string }) => error.code),
        kind,
      );
      const isRight = got === material.wants[kind] || got === "ERR_CLOSED";
      assert.ok(isRight, `${kind}: ${String(got)}`);
    }
    await ended(other);
    await assert.rejects(engine.reduce(material.floats, "sum"), "ERR_CLOSED");
    await assert.rejects(stream.write(material.foreign), "ERR_CLOSED");
    await engine.close();
  });
}

for (const doing of ["holds the arena", "recovers"] satisfies Doing[]) {
  test(`an owner that ${doing} is terminated: nobody waits for it any longer`, async () => {
    const { worker, handle, material } = await owner(doing);
    const engine = attachEngine(handle);
    const others = [];
    for (let i = 0; i < 2; i++) others.push(await new Submitter(engine, material).attached());
    for (const other of others) other.begin();
    for (const other of others) await until(() => other.rounds > 0, "others' jobs are right");
    worker.postMessage("go on");
    // They come to where only the owner could help.
    const [held] = (await once(worker, "message")) as [string];
    assert.is(held, doing);
    await pause(50);
    await worker.terminate();
    for (const other of others) await ended(other);
    await assert.rejects(engine.reduce(material.floats, "sum"), "ERR_CLOSED");
    await engine.close();
    // Who comes now is told so as well.
    assert.code(() => attachEngine(handle), "ERR_CLOSED");
  });
}
