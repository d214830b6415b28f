// The page itself: files that the build has made, read when somebody opens it and kept by the browser, not by us.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context, Hono } from 'hono';
import type { GuardEnv } from './guard.ts';
import type { Refuse } from './refusal.ts';

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Adds the routes. `folder` holds what build.mjs has made of page/. */
export function addPageRoutes(app: Hono<GuardEnv>, folder: string, refuse: Refuse): void {
  const send = async (c: Context<GuardEnv>, name: string, isLasting: boolean) => {
    const type = types[name.split('.').at(-1) ?? ''];
    if (type === undefined || !/^[a-z0-9][a-z0-9.-]{0,80}$/i.test(name)) return refuse(c, 'NOT_FOUND');
    const isGzip = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '');
    try {
      const body = await readFile(join(folder, isGzip ? `${name}.gz` : name));
      return c.body(new Uint8Array(body), 200, {
        'Content-Type': type,
        Vary: 'Accept-Encoding',
        // The names of assets change with what is in them.
        'Cache-Control': isLasting ? 'public, max-age=31536000, immutable' : 'no-cache',
        ...(isGzip ? { 'Content-Encoding': 'gzip' } : {}),
      });
    } catch {
      return refuse(c, 'NOT_FOUND');
    }
  };
  app.get('/', (c) => send(c, 'index.html', false));
  app.get('/panel', (c) => send(c, 'panel.html', false));
  app.get('/favicon.ico', (c) => send(c, 'icon.svg', true));
  app.get('/assets/:name', (c) => send(c, c.req.param('name'), true));
}
