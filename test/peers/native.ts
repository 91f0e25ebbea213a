// The peers in other languages: where each stands, how it is built, how it is installed, and the
// child process in which it runs. A peer is a program of ours in `native/` around the library that
// it stands for; it answers one line of standard input with one line of standard output, so that it
// stays warm from one round to the next. Whatever it times, it times itself, in nanoseconds.

import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** Where they are built; `npm ci` empties it. */
const BUILT = "node_modules/.cache/ringfold-peers";
const SOURCES = "test/peers/native";
/** A build that fetches its libraries takes this long at most; milliseconds. */
const LONGEST_BUILD = 600_000;

type Command = readonly [program: string, ...args: string[]];

export interface NativePeer {
  /** As tables show it. */
  readonly title: string;
  /** Its own name and version, one line on standard output; fails where it is not installed. */
  readonly version: Command;
  readonly build: readonly Command[];
  readonly run: Command;
  /** What one types to have it. */
  readonly install: string;
}

export const NATIVE = {
  openmp: {
    title: "OpenMP, g++ -O3 -march=native",
    version: ["g++", "--version"],
    build: [
      [
        "g++",
        "-O3",
        "-march=native",
        "-fopenmp",
        "-std=c++17",
        "-o",
        `${BUILT}/openmp`,
        `${SOURCES}/openmp.cpp`,
      ],
    ],
    run: [`${BUILT}/openmp`],
    install: "apt-get install g++",
  },
} satisfies { readonly [name: string]: NativePeer };

export type NativeName = keyof typeof NATIVE;

/** A peer that runs. */
export class Child {
  readonly title: string;
  /** The first line that its `version` prints. */
  readonly version: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;

  constructor({ title, run: [program, ...args] }: NativePeer, version: string) {
    this.title = title;
    this.version = version;
    this.#process = spawn(program, args, { cwd: ROOT });
    this.#process.stderr.pipe(process.stderr);
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => this.#process.once("close", resolve));
  }

  /** The words of the answer. @throws if it is `error …`, or if the peer ended. */
  async ask(...words: readonly (string | number)[]): Promise<string[]> {
    const line = words.join(" ");
    this.#process.stdin.write(`${line}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`${this.title} ended when asked ${line}`);
    const answer = (value as string).split(" ");
    if (answer[0] === "error") throw new Error(`${this.title}, asked ${line}: ${value}`);
    return answer;
  }

  async close(): Promise<void> {
    this.#process.stdin.end();
    await this.#ended;
  }
}

/** Builds and starts it; where that cannot be had, why not and what to install. */
export async function startNative(name: NativeName): Promise<Child | string> {
  const peer: NativePeer = NATIVE[name];
  const run = ([program, ...args]: Command, timeout: number) =>
    promisify(execFile)(program, args, { cwd: ROOT, timeout });
  try {
    await mkdir(`${ROOT}/${BUILT}`, { recursive: true });
    const { stdout } = await run(peer.version, 60_000);
    for (const command of peer.build) await run(command, LONGEST_BUILD);
    return new Child(peer, stdout.trim().split("\n")[0] as string);
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    return `${peer.title} is absent: ${reason}; ${peer.install}`;
  }
}
