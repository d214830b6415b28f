// The settings in force and where each comes from, for reading.
import { useState } from 'preact/hooks';
import type { SettingFacts } from '../view.ts';
import { get } from './api.ts';

/** A list that is fetched when it is opened. */
export function Settings() {
  const [settings, setSettings] = useState<readonly SettingFacts[] | null>(null);
  const open = (event: Event) => {
    if (!(event.currentTarget as HTMLDetailsElement).open || settings !== null) return;
    get<{ readonly settings: readonly SettingFacts[] }>('/api/v1/settings').then(
      (facts) => setSettings(facts.settings),
      () => setSettings([]),
    );
  };
  const sections = [...new Set(settings?.map(({ section }) => section))];
  return (
    <details class="card settings" onToggle={open}>
      <summary>
        <h3>Settings in force</h3>
        <span>Change them in moonraker-lookout.conf</span>
      </summary>
      {settings === null && <p>Reading the settings.</p>}
      {sections.map((section) => (
        <table key={section}>
          <caption>[{section}]</caption>
          <tbody>
            {settings
              ?.filter((each) => each.section === section)
              .map(({ key, value, origin, isDefault }) => (
                <tr key={key} class={isDefault ? 'default' : ''}>
                  <th scope="row">{key}</th>
                  <td>{value}</td>
                  <td>{origin}</td>
                </tr>
              ))}
          </tbody>
        </table>
      ))}
    </details>
  );
}
