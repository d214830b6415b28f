// The settings of the camera, with what follows from others filled in.
import type { CameraOptions } from '../camera/camera.ts';
import type { Settings } from './settings.ts';

/** The settings of the camera of this printer. */
export function cameraOptionsOf({
  camera,
  moonraker,
}: Pick<Settings, 'camera' | 'moonraker'>): CameraOptions {
  return { ...camera, baseUrl: camera.baseUrl ?? webServerOf(moonraker.url) };
}

/**
 * Where the web server of the printer's host is: Mainsail writes webcam addresses relative to it, and Moonraker's own port serves
 * none. A Unix socket is on this host.
 */
function webServerOf(endpoint: string): string {
  if (endpoint.startsWith('unix:')) return 'http://127.0.0.1';
  const { protocol, hostname } = new URL(endpoint);
  return `${protocol === 'wss:' ? 'https' : 'http'}://${hostname}`;
}
