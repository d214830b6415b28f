// Headers that every answer carries: what the page may load, who may frame it, what a browser must not guess.
import type { MiddlewareHandler } from 'hono';
import type { GuardEnv } from './guard.ts';

/** Everything from here, nothing inline. Styles set by script through the CSSOM are not inline in this sense. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
];

/**
 * Sets the headers.
 * @param frameHosts names and addresses under which Mainsail or Fluidd may show the panel, whatever their port
 */
export function securityHeaders(frameHosts: () => readonly string[]): MiddlewareHandler<GuardEnv> {
  return async (c, next) => {
    await next();
    if (c.env.outgoing.headersSent) return;
    const isPanel = c.req.path === '/panel';
    const ancestors = isPanel ? ancestorsFor(c.req.header('host') ?? '', frameHosts()) : "'none'";
    c.header('Content-Security-Policy', [...policy, `frame-ancestors ${ancestors}`].join('; '));
    if (!isPanel) c.header('X-Frame-Options', 'DENY');
    c.header('X-Content-Type-Options', 'nosniff');
    c.header('Referrer-Policy', 'no-referrer');
    c.header('Permissions-Policy', 'camera=(), microphone=(), geolocation=()');
    if (c.res.headers.get('Cross-Origin-Resource-Policy') === null)
      c.header('Cross-Origin-Resource-Policy', 'same-origin');
    if (c.res.headers.get('Cache-Control') === null) c.header('Cache-Control', 'no-store');
  };
}

function ancestorsFor(host: string, others: readonly string[]): string {
  const own = host.replace(/:\d+$/, '');
  const hosts = [...new Set([own, ...others])].filter((name) => /^[a-z0-9._-]+$/i.test(name));
  return ["'self'", ...hosts.flatMap((name) => [`http://${name}:*`, `https://${name}:*`])].join(' ');
}
