// What the contract suite must know of a backend.
import type { BackendDeps } from '../../src/backends/deps.ts';
import type { Backend } from '../../src/core/ports.ts';
import type { Assessment, Frame, Job } from '../../src/core/types.ts';
import type { Expected } from './faults.ts';
import type { GoodAnswer, Received } from './service.ts';

/** One kind of request that the backend makes to judge a frame. */
export interface Stage {
  readonly name: string;
  readonly matches: (request: Received) => boolean;
  /** Bodies that are JSON and answer 200, and yet must be refused: missing fields, wrong types, out of range. */
  readonly wrongAnswers: Readonly<Record<string, string>>;
  /** Where this service means something else than HTTP does, by the name of the fault. */
  readonly expected?: Readonly<Record<string, Expected>>;
}

/** A backend and its service, as the suite sees them. */
export interface BackendFixture {
  /** As registered. */
  readonly name: string;
  /** Keys and tokens that `create` hands to the backend; they must not show up anywhere but in the request. */
  readonly secrets: readonly string[];
  /**
   * Makes the backend against a service at this origin.
   * @param timeoutMs the limit for each request
   */
  readonly create: (origin: string, timeoutMs: number, deps: BackendDeps) => Backend;
  /** True where the answer does not say where: what is ignored must not be in the picture. */
  readonly isBlindToPlaces: boolean;
  /** What the service answers on a good day. One that fetches the picture does so first. */
  readonly answer: (request: Received, origin: string) => GoodAnswer | Promise<GoodAnswer>;
  /** What the backend makes of those answers for the first frame of a print. */
  readonly assessment: Assessment;
  /** The requests that one first frame takes, in order. */
  readonly stages: readonly Stage[];
  /** Asserts that these are exactly the requests of one first frame. */
  readonly checkRequests: (requests: readonly Received[], frame: Frame, job: Job) => void;
}
