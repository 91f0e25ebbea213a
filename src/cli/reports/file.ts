// Files that reports go to. Opened before the run, so that a path that cannot be written is told
// while nothing is lost; what a file held before stays until there is a new report for it.

import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  rmSync,
  writeSync,
} from "node:fs";
import { RingfoldError } from "../../errors.js";
import { UsageError } from "../usage.js";

const REMEDY: Readonly<Record<string, string>> = {
  ENOENT: "there is no such folder",
  ENOTDIR: "a part of the path is no folder",
  EISDIR: "it is a folder; name a file in it",
  EACCES: "writing it is not permitted; check its permissions",
  EROFS: "it is on a file system that is read only",
  ENOSPC: "the disk is full",
};

export class ReportFile {
  readonly option: string;
  readonly path: string;
  readonly #fd: number;
  readonly #isNew: boolean;
  #isClosed = false;

  /** @throws RingfoldError (ERR_FILE) if it cannot be written */
  constructor(option: string, path: string) {
    this.option = option;
    this.path = path;
    const { O_WRONLY, O_CREAT, O_EXCL } = constants;
    try {
      [this.#fd, this.#isNew] = this.#open(O_WRONLY, O_CREAT | O_EXCL);
    } catch (cause) {
      throw this.#error(cause);
    }
  }

  #open(flags: number, create: number): [fd: number, isNew: boolean] {
    try {
      return [openSync(this.path, flags), false];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return [openSync(this.path, flags | create), true];
    }
  }

  #error(cause: unknown): RingfoldError {
    const { code, message } = cause as NodeJS.ErrnoException;
    const told = REMEDY[code ?? ""] ?? message;
    const path = JSON.stringify(this.path);
    return new RingfoldError("ERR_FILE", `--${this.option}: ${path} cannot be written: ${told}`);
  }

  isSameAs(other: ReportFile): boolean {
    const [one, two] = [fstatSync(this.#fd), fstatSync(other.#fd)];
    return one.isFile() && one.dev === two.dev && one.ino === two.ino;
  }

  /** In place of what the file holds, and closes it. @throws RingfoldError (ERR_FILE) */
  write(text: string): void {
    const bytes = Buffer.from(text);
    this.#isClosed = true;
    try {
      // A pipe or a terminal has nothing to be cut off.
      if (fstatSync(this.#fd).isFile()) ftruncateSync(this.#fd, 0);
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
    } catch (cause) {
      throw this.#error(cause);
    } finally {
      closeSync(this.#fd);
    }
  }

  /** Leaves everything as it was found, unless the report is written. */
  discard(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#fd);
    if (this.#isNew) rmSync(this.path, { force: true });
  }
}

/** @throws RingfoldError (ERR_FILE); UsageError if two are one file */
export function openReports(paths: Readonly<Record<string, string | undefined>>): ReportFile[] {
  const files: ReportFile[] = [];
  try {
    for (const [option, path] of Object.entries(paths)) {
      if (path === undefined) continue;
      const file = new ReportFile(option, path);
      files.push(file);
      const same = files.find((other) => other !== file && other.isSameAs(file));
      if (same === undefined) continue;
      const [one, two] = [`--${same.option}`, `--${option}`];
      throw new UsageError(`${one} and ${two}: both would write ${JSON.stringify(path)}`);
    }
    return files;
  } catch (error) {
    for (const file of files) file.discard();
    throw error;
  }
}
