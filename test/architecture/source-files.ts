// Reads the source tree for the architecture tests: which files there are and what each of them imports.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

/** The top of the checkout. */
export const root = join(import.meta.dirname, '../..');

/** A file of the tree. */
export interface SourceFile {
  /** From the top, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** One import of a file. */
export interface Import {
  /** As written for packages and `node:`; from the top for our own files: `src/core/types.ts`. */
  readonly target: string;
  /** Nothing of it is left at run time. */
  readonly isType: boolean;
  /** `import()`: loaded when needed. */
  readonly isLazy: boolean;
}

/** Every file below `folder` whose name ends in one of `endings`. */
export function sourceFiles(folder: string, endings: readonly string[] = ['.ts', '.tsx']): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => endings.some((ending) => file.endsWith(ending)))
    .map((file) => posix.join(folder, file.replaceAll('\\', '/')))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** What a file imports: `import … from`, `export … from`, `import '…'` and `import('…')`. Comments do not count. */
export function importsOf({ path, text }: SourceFile): Import[] {
  const code = text.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, '');
  const place = (target: string) => (target.startsWith('.') ? posix.join(dirname(path), target) : target);
  const lasting = [
    ...code.matchAll(/^(?:import|export)\s+(type\s)?([^;'"]*?)\s*from\s+['"]([^'"]+)['"]/gm),
  ].map(([, type, names = '', target = '']) => ({
    target: place(target),
    isType: type !== undefined || isOnlyTypes(names),
    isLazy: false,
  }));
  const bare = [...code.matchAll(/^import\s+['"]([^'"]+)['"]/gm)].map(([, target = '']) => ({
    target: place(target),
    isType: false,
    isLazy: false,
  }));
  // `typeof import('…')` is a type; the rest is loaded at run time.
  const lazy = [...code.matchAll(/(typeof\s+)?\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)].map(
    ([, type, target = '']) => ({ target: place(target), isType: type !== undefined, isLazy: true }),
  );
  return [...lasting, ...bare, ...lazy];
}

/** `{ type A, type B }`: every name is a type. */
function isOnlyTypes(names: string): boolean {
  const inner = /^\{([^}]*)\}$/.exec(names.trim())?.[1];
  if (inner === undefined) return false;
  return inner
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .every((name) => name.startsWith('type '));
}
