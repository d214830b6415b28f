// The way in where a login is needed: a Moonraker user or Moonraker's API key.
import { useState } from 'preact/hooks';
import { ApiError, post } from './api.ts';

/** Asks for a login and tells when it was good. */
export function Login({ onDone }: { readonly onDone: () => void }) {
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(fields.get(name) ?? '').trim();
    const body =
      text('apiKey') === ''
        ? { username: text('username'), password: String(fields.get('password')) }
        : { apiKey: text('apiKey') };
    setBusy(true);
    setProblem('');
    try {
      await post('/api/v1/login', body);
      onDone();
    } catch (error) {
      setProblem(error instanceof ApiError ? `${error.message}.` : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="login">
      <form class="card" onSubmit={submit}>
        <h1>Lookout</h1>
        <p>Log in as a Moonraker user, or with Moonraker's API key.</p>
        <label>
          User
          <input name="username" autocomplete="username" />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" />
        </label>
        <label>
          or API key
          <input name="apiKey" type="password" autocomplete="off" />
        </label>
        <p role="alert" class="problem">
          {problem}
        </p>
        <button type="submit" class="primary" disabled={isBusy}>
          Log in
        </button>
      </form>
    </main>
  );
}
