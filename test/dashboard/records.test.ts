// Incidents and prints over HTTP: real records on disk, and nothing that leads out of them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noRecords, startRig } from './rig.ts';

describe('records', () => {
  it('are read by id, with their pictures and as a zip', async (t) => {
    const { ask, view } = await startRig(t);
    const asked: string[] = [];
    view.kept = {
      ...noRecords,
      picture: async (id, name) => {
        asked.push(`${id}/${name}`);
        return id === 'a1' && name === 'picture.jpg' ? Buffer.from('jpeg') : null;
      },
      export: async (id) =>
        id === 'a1'
          ? (async function* () {
              yield Buffer.from('PK');
              yield Buffer.from('zip');
            })()
          : null,
    };
    const picture = await ask('/api/v1/incidents/a1/pictures/picture.jpg');
    assert.equal(picture.headers['content-type'], 'image/jpeg');
    assert.equal(picture.body.toString(), 'jpeg');
    const zip = await ask('/api/v1/incidents/a1/export');
    assert.equal(zip.headers['content-disposition'], 'attachment; filename="lookout-a1.zip"');
    assert.equal(zip.body.toString(), 'PKzip');
    for (const path of [
      '/api/v1/incidents/..%2f..%2fetc/pictures/passwd',
      '/api/v1/incidents/a1/pictures/..%2f..%2fincident.json',
      '/api/v1/incidents/%2e%2e/export',
      '/api/v1/incidents/a1%0d%0aX:%20y/export',
      '/api/v1/prints/..%2fx',
    ])
      assert.equal((await ask(path)).status, 404, path);
    assert.deepEqual(
      asked.filter((each) => each.startsWith('a1/')),
      ['a1/picture.jpg', 'a1/../../incident.json'],
      'the records themselves refuse what is no name of theirs',
    );
  });

  it('take what a person says later, and nothing else', async (t) => {
    const { act, view } = await startRig(t);
    const said: string[] = [];
    view.kept = {
      ...noRecords,
      label: async (id, answer, through) => {
        said.push(`${id} ${answer} ${through}`);
        return id === 'a1';
      },
    };
    assert.equal((await act('/api/v1/incidents/a1/label', { answer: 'false-alarm' })).status, 200);
    assert.equal((await act('/api/v1/incidents/b2/label', { answer: 'right' })).status, 404);
    assert.equal((await act('/api/v1/incidents/a1/label', { answer: 'pause' })).status, 400);
    assert.equal((await act('/api/v1/incidents/A..1/label', { answer: 'right' })).status, 404);
    assert.deepEqual(said, ['a1 false-alarm dashboard', 'b2 right dashboard']);
  });
});
