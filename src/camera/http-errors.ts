// Says in words what went wrong between us and a camera's web server. Addresses appear without their secrets.
import { STATUS_CODES } from 'node:http';
import { CameraError } from '../core/errors.ts';
import { showUrl } from './show-url.ts';

/** TLS codes of Node that mean: the certificate does not count as proof. */
const distrusted =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:GET_ISSUER_CERT|VERIFY_LEAF_SIGNATURE).*|CERT_UNTRUSTED)$/;
const serverHint =
  'Look whether the camera server (crowsnest, for example) runs and whether the address is right.';

/** The error for a request that got no answer. `code` is Node's, such as ECONNREFUSED. */
export function unreachable(url: URL, code: string): CameraError {
  const at = showUrl(url);
  const [message, hint] = explainCode(url, code);
  return new CameraError(`${message} (${at})`, {
    code: 'CAMERA_UNREACHABLE',
    retry: 'soon',
    hint,
    // Not the error of the HTTP client: that one carries the headers, and so the password.
    cause: new Error(code),
  });
}

function explainCode(url: URL, code: string): readonly [message: string, hint: string] {
  if (distrusted.test(code)) {
    return [
      "the camera's certificate is not from a known authority",
      'Set ca_file in [camera] to the certificate of the authority that signed it, or use http://.',
    ];
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return [
      "the camera's certificate is for another host name",
      'Use the host name that the certificate was made for.',
    ];
  }
  if (code.startsWith('CERT_')) {
    return [
      `the camera's certificate is not valid (${code})`,
      'Renew the certificate, or set the clock right.',
    ];
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    return ['the camera does not speak TLS as expected', 'Use http:// in place of https://.'];
  }
  if (code.startsWith('HPE_')) {
    return ['what answers at this address does not speak HTTP', serverHint];
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return [
      `the host name ${url.hostname} is not known`,
      'Check the name, or enter the IP address of the camera.',
    ];
  }
  if (code === 'ECONNREFUSED') return ['nothing listens at the address of the camera', serverHint];
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') {
    return ['the camera is not in reach', 'Look whether the camera is switched on and in the same network.'];
  }
  return [`the connection to the camera broke (${code})`, serverHint];
}

/** The error for an answer that is no success. `challenge` is the WWW-Authenticate header, '' without one. */
export function badStatus(url: URL, status: number, challenge: string): CameraError {
  const said = `${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();
  if (status === 401 || status === 403) {
    const isDigest = /^digest/i.test(challenge);
    return new CameraError(`the camera refuses us: ${said} (${showUrl(url)})`, {
      code: 'CAMERA_UNAUTHORIZED',
      // Some cameras lock the account after a few wrong tries.
      retry: 'later',
      hint: isDigest
        ? 'The camera asks for digest authentication, which is not supported: switch it to basic, or switch it off.'
        : 'Set username and password in [camera] to those of the camera.',
    });
  }
  return new CameraError(`the camera answered ${said} (${showUrl(url)})`, {
    code: 'CAMERA_HTTP_STATUS',
    retry: 'soon',
    hint: statusHint(status),
  });
}

function statusHint(status: number): string {
  if (status === 404 || status === 410) {
    return 'There is nothing at this address: open it in a browser and compare it with the webcam settings.';
  }
  if (status >= 502 && status <= 504) {
    return 'The web server runs, but not the camera server behind it: restart it (crowsnest, for example).';
  }
  if (status >= 500) return 'The camera server has a fault: restart it and look into its log.';
  return 'Open the address in a browser and compare it with the webcam settings.';
}

/** The error for a redirect that is not followed. */
export function badRedirect(url: URL, why: string): CameraError {
  return new CameraError(`the camera sends us ${why} (${showUrl(url)})`, {
    code: 'CAMERA_REDIRECT',
    retry: 'later',
    hint: 'Only redirects within one host are followed: enter the final address of the picture itself.',
  });
}
