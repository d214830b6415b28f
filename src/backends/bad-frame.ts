// The error for a frame whose pixels a backend needs and cannot get.
import { BackendError } from '../core/errors.ts';

/** BACKEND_BAD_FRAME. `name` is the backend's. */
export function undecodable(name: string, cause: unknown): BackendError {
  return new BackendError(`${name}: the picture cannot be decoded`, {
    code: 'BACKEND_BAD_FRAME',
    retry: 'soon',
    hint: 'If this stays, restart the camera server and try another resolution or format.',
    cause,
  });
}
