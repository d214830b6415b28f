// The Obico backend and the virtual ml_api on one fake clock.
import { connect } from 'node:net';
import { createObico, type ObicoOptions } from '../../src/backends/obico.ts';
import { startVirtualMlApi, type VirtualMlApiOptions } from '../../src/virtual/ml-api.ts';
import { createRig, startClock, type TestContext } from './rig.ts';

export const token = 'ml-token-4f0c1de5';

/** Settings as they are by default, against a service at this URL. */
const optionsFor = (url: string, change: Partial<ObicoOptions> = {}): ObicoOptions => ({
  url,
  token: null,
  serveAddress: null,
  servePort: 0,
  serveTo: null,
  minIntervalMs: 10_000,
  neutral: 0.38,
  timeoutMs: 5_000,
  ...change,
});

/** A backend against any service. */
export const rigFor = (url: string, change: Partial<ObicoOptions> = {}) =>
  createRig(createObico, optionsFor(url, change), startClock());

/** Everything that a test of the backend needs. The clock is the service's clock too. */
export async function startRig(
  t: TestContext,
  change: Partial<ObicoOptions> = {},
  serviceChange: VirtualMlApiOptions = {},
) {
  const clock = startClock();
  const service = await startVirtualMlApi({ now: () => clock.now().tickMs, ...serviceChange });
  t.after(service.close);
  return Object.assign(createRig(createObico, optionsFor(service.baseUrl, change), clock), { service });
}

/** True where somebody listens on this port of 127.0.0.1. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
