// The backends that a user can choose. Adding one is its keys and its factory here; the compiler asks for the second.
import type { KeyValues } from '../core/keys.ts';
import type { Backend } from '../core/ports.ts';
import { createBuiltin } from './builtin.ts';
import { builtinKeys } from './builtin-keys.ts';
import type { BackendDeps } from './deps.ts';
import { createObico } from './obico.ts';
import { obicoKeys } from './obico-keys.ts';
import { createOctoEverywhere } from './octoeverywhere.ts';
import { octoeverywhereKeys } from './octoeverywhere-keys.ts';
import { createOpenInference } from './open-inference.ts';
import { openInferenceKeys } from './open-inference-keys.ts';
import { createPrintWatch } from './printwatch.ts';
import { printwatchKeys } from './printwatch-keys.ts';

/** The key tables by the name in `[backend] use:` and `[backend NAME]`. The first is the default. */
export const backendKeys = {
  builtin: builtinKeys,
  octoeverywhere: octoeverywhereKeys,
  printwatch: printwatchKeys,
  obico: obicoKeys,
  'open-inference': openInferenceKeys,
};

type Factories = {
  readonly [Name in BackendName]: (
    settings: KeyValues<(typeof backendKeys)[Name]>,
    deps: BackendDeps,
  ) => Backend;
};

const factories: Factories = {
  builtin: createBuiltin,
  octoeverywhere: createOctoEverywhere,
  printwatch: createPrintWatch,
  obico: createObico,
  'open-inference': createOpenInference,
};

/** The name of a registered backend. */
export type BackendName = keyof typeof backendKeys;

/** The settings of every registered backend, as config reads them with the key tables. */
export type BackendSettings = { readonly [Name in BackendName]: KeyValues<(typeof backendKeys)[Name]> };

/** Makes the backend of that name. Nothing is asked of its service yet. */
export function createBackend<Name extends BackendName>(
  name: Name,
  settings: BackendSettings,
  deps: BackendDeps,
): Backend {
  const create: Factories[Name] = factories[name];
  return create(settings[name], deps);
}
