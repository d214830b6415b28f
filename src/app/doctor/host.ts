// Points about the host: Node, memory, and room for what has to be written.
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { fail, inWords, type Outcome, ok, type Report, warn } from '../finding.ts';

/** As `engines` in package.json. */
const leastNode = [20, 19] as const;
/** Architectures for which sharp and Node have ready-made builds. */
const knownArchitectures = ['x64', 'arm64', 'arm'];
const megabyte = 1_000_000;
/** The service takes about 60 MB, and the built-in detector 60 more that no other process shares; below the second the host begins to swap. */
const memoryLimits = { least: 130 * megabyte, comfortable: 250 * megabyte };
/** The log takes 10 MB at most, the records less. */
const diskLimits = { least: 20 * megabyte, comfortable: 200 * megabyte };

/** A folder in which something is written. */
export interface WrittenFolder {
  /** What is written there, such as `records`. */
  readonly what: string;
  readonly path: string;
}

/** Looks at this host. */
export function lookAtHost(report: Report, folders: readonly WrittenFolder[]): void {
  report.add('Node', nodeOutcome(process.versions.node, process.arch));
  report.add('memory', memoryOutcome(freemem(), totalmem()));
  for (const { what, path } of folders) report.add(`disk of the ${what}`, folderOutcome(path));
}

/** Is this a Node on which the program runs? */
export function nodeOutcome(version: string, architecture: string): Outcome {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const text = `version ${version}, ${architecture}`;
  if (major < leastNode[0] || (major === leastNode[0] && minor < leastNode[1])) {
    return fail(`${text}; at least ${leastNode.join('.')} is needed`, 'Run install.sh again: it brings one.');
  }
  if (!knownArchitectures.includes(architecture)) {
    return warn(`${text}: not one of those this was made for (${knownArchitectures.join(', ')})`);
  }
  return ok(text);
}

/** Is there memory for one more process? Bytes. */
export function memoryOutcome(free: number, total: number): Outcome {
  const text = `${inMegabytes(free)} of ${inMegabytes(total)} available`;
  const hint = 'Find out what takes the memory: ps aux --sort=-rss | head.';
  if (free < memoryLimits.least) return warn(`${text}: too little, the host swaps or ends programs`, hint);
  if (free < memoryLimits.comfortable) return warn(`${text}: little`, hint);
  return ok(text);
}

/** Can be written there, or in the folder in which it would be made? */
export function folderOutcome(path: string): Outcome {
  let folder = path;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    if (!statSync(folder).isDirectory()) throw new TypeError(`${folder} is no folder`);
    const { bavail, bsize } = statfsSync(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
    return diskOutcome(bavail * bsize, path);
  } catch (error) {
    const hint = `It must belong to the user that runs moonraker-lookout, on a disk that is not read-only: ls -ld ${folder}`;
    return fail(`${path} cannot be written: ${inWords(error)[0]}`, hint);
  }
}

/** Is there room? Bytes. */
export function diskOutcome(free: number, path: string): Outcome {
  const text = `${inMegabytes(free)} free for ${path}`;
  const hint = `Make room: df -h ${path}; old G-code files and time-lapses are usually what fills it.`;
  if (free < diskLimits.least) return fail(`${text}: full`, hint);
  if (free < diskLimits.comfortable) return warn(`${text}: nearly full`, hint);
  return ok(text);
}

function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / megabyte)} MB`;
}
