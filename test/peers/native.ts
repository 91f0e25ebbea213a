// The peers in other languages: where each stands, how it is built, how it is installed, and the
// child process in which it runs. A peer is a program of ours in `native/` around the library that
// it stands for; it answers one line of standard input with one line of standard output, so that it
// stays warm from one round to the next. Whatever it times, it times itself, in nanoseconds.

import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { countChild } from "./measure.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** Where they are built; `npm ci` empties it. */
const BUILT = "node_modules/.cache/ringfold-peers";
const SOURCES = "test/peers/native";
/** A build that fetches its libraries takes this long at most; milliseconds. */
const LONGEST_BUILD = 600_000;

/** Debian's, for which it has NumPy. */
const PYTHON = "/usr/bin/python3";

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

/** What g++ is told, as one who wants speed of it would; `simd` lets it reorder those sums only. */
const GXX = ["g++", "-O3", "-march=native", "-fopenmp", "-std=c++17"] as const;
const CARGO_TARGET = `${BUILT}/cargo`;
/** From Maven's folder, which need not be this one. */
const JCTOOLS = `${ROOT}${BUILT}/jctools`;

/** A Cargo project in a folder of `native/`; its Cargo.lock says which crates. */
export const cargo = (project: string): Command => [
  "cargo",
  "build",
  "--release",
  "--locked",
  "--quiet",
  "--manifest-path",
  `${SOURCES}/${project}/Cargo.toml`,
  "--target-dir",
  CARGO_TARGET,
  "--config",
  'build.rustflags=["-Ctarget-cpu=native"]',
];

/** Which version of a crate such a project has. */
const cargoVersion = (project: string, crate: string): Command => [
  "cargo",
  "tree",
  "--locked",
  "--quiet",
  "--depth=0",
  "--prefix=none",
  "--manifest-path",
  `${SOURCES}/${project}/Cargo.toml`,
  "--package",
  crate,
];

export const NATIVE = {
  openmp: {
    title: "OpenMP, g++ -O3 -march=native",
    version: ["g++", "--version"],
    build: [[...GXX, "-o", `${BUILT}/openmp`, `${SOURCES}/openmp.cpp`]],
    run: [`${BUILT}/openmp`],
    install: "apt-get install g++",
  },
  tbb: {
    title: "oneTBB",
    version: ["pkg-config", "--modversion", "tbb"],
    build: [[...GXX, "-o", `${BUILT}/tbb`, `${SOURCES}/tbb.cpp`, "-ltbb"]],
    run: [`${BUILT}/tbb`],
    install: "apt-get install g++ libtbb-dev pkg-config",
  },
  rayon: {
    title: "Rayon",
    version: cargoVersion("rayon", "rayon"),
    build: [cargo("rayon")],
    run: [`${CARGO_TARGET}/release/ringfold-peer-rayon`],
    install: "cargo, as rustup.rs says",
  },
  numpy: {
    title: "NumPy",
    version: [PYTHON, "-c", "import numpy; print(numpy.__version__)"],
    build: [],
    run: [PYTHON, `${SOURCES}/numpy_peer.py`],
    install: "apt-get install python3-numpy",
  },
  crossbeam: {
    title: "crossbeam ArrayQueue",
    version: [
      "cargo",
      "pkgid",
      "--locked",
      "--manifest-path",
      `${SOURCES}/crossbeam/Cargo.toml`,
      "crossbeam-queue",
    ],
    build: [cargo("crossbeam")],
    run: [`${CARGO_TARGET}/release/ringfold-peer-crossbeam`],
    install: "cargo, as rustup.rs says",
  },
  jctools: {
    title: "JCTools 4.0.7 MpmcArrayQueue",
    version: ["java", "--version"],
    build: [
      ["mvn", "-q", "-B", "-f", `${SOURCES}/jctools/pom.xml`, `-Dbuilt=${JCTOOLS}`, "compile"],
    ],
    run: ["java", "-cp", `${JCTOOLS}/classes:${JCTOOLS}/libraries/*`, "Queue"],
    install: "apt-get install openjdk-17-jdk-headless maven",
  },
  boost: {
    title: "boost::lockfree::queue",
    version: ["sh", "-c", "echo BOOST_LIB_VERSION | g++ -E -P -include boost/version.hpp -xc++ -"],
    build: [[...GXX, "-o", `${BUILT}/boost_queue`, `${SOURCES}/boost_queue.cpp`]],
    run: [`${BUILT}/boost_queue`],
    install: "apt-get install g++ libboost-dev",
  },
  textbook: {
    title: "the textbook's program in C++ over tbb::concurrent_bounded_queue",
    version: ["pkg-config", "--modversion", "tbb"],
    build: [[...GXX, "-std=c++20", "-o", `${BUILT}/textbook`, `${SOURCES}/textbook.cpp`, "-ltbb"]],
    run: [`${BUILT}/textbook`],
    install: "apt-get install g++ libtbb-dev pkg-config",
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
    countChild(this.#process);
    this.#process.stderr.pipe(process.stderr);
    // One that has ended, or never began, tells so when it is asked.
    this.#process.on("error", () => {});
    this.#process.stdin.on("error", () => {});
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

export type Presence = { readonly version: string } | { readonly absent: string };

const looked = new Map<NativePeer, Promise<Presence>>();

async function build(peer: NativePeer): Promise<Presence> {
  const run = ([program, ...args]: Command, timeout: number) =>
    promisify(execFile)(program, args, { cwd: ROOT, timeout });
  try {
    await mkdir(`${ROOT}/${BUILT}`, { recursive: true });
    const { stdout } = await run(peer.version, 60_000);
    for (const command of peer.build) await run(command, LONGEST_BUILD);
    return { version: stdout.trim().split("\n")[0] as string };
  } catch (error) {
    const { message, stderr } = error as Error & { stderr?: string };
    const [reason] = (stderr?.trim() || message).split("\n");
    return { absent: `${peer.title} is absent: ${reason}; to have it: ${peer.install}` };
  }
}

/** Builds it, once a process; its version, or why it cannot be had and what to install. */
export function lookFor(peer: NativePeer): Promise<Presence> {
  const presence = looked.get(peer) ?? build(peer);
  looked.set(peer, presence);
  return presence;
}

/** Builds and starts it; where that cannot be had, why not and what to install. */
export async function startNative(which: NativeName | NativePeer): Promise<Child | string> {
  const peer: NativePeer = typeof which === "string" ? NATIVE[which] : which;
  const presence = await lookFor(peer);
  return "absent" in presence ? presence.absent : new Child(peer, presence.version);
}
