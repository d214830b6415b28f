// Reads macro prompts out of G-code output, by the rules that Mainsail and Fluidd keep.

/** A button of a dialog. */
export interface DialogButton {
  readonly label: string;
  /** What the user interface sends as `printer.gcode.script` when it is pressed. */
  readonly gcode: string;
  readonly isFooter: boolean;
}

/** A dialog as it would stand on the screen. */
export interface Dialog {
  readonly title: string;
  readonly texts: readonly string[];
  readonly buttons: readonly DialogButton[];
  /** Names of its lines in their order, without `prompt_`: `begin text … show`. */
  readonly order: readonly string[];
  readonly isShown: boolean;
  /** Ended by `prompt_end`, or replaced by the next one. */
  readonly isOver: boolean;
}

interface Draft {
  title: string;
  texts: string[];
  buttons: DialogButton[];
  order: string[];
  isShown: boolean;
  isOver: boolean;
}

/** All dialogs in these lines, oldest first. What comes outside of one is left out, as on the screens. */
export function readDialogs(lines: readonly string[]): readonly Dialog[] {
  const dialogs: Draft[] = [];
  let open: Draft | null = null;
  for (const line of lines) {
    const [, name, rest = ''] = /^\/\/ action:prompt_(\w+)(?: (.*))?$/s.exec(line) ?? [];
    if (name === undefined) continue;
    if (name === 'begin') {
      if (open !== null) open.isOver = true;
      open = { title: rest, texts: [], buttons: [], order: ['begin'], isShown: false, isOver: false };
      dialogs.push(open);
      continue;
    }
    if (open === null) continue;
    if (name === 'end') {
      open.isOver = true;
      open = null;
      continue;
    }
    open.order.push(name);
    if (name === 'show') open.isShown = true;
    else if (name === 'text') open.texts.push(rest);
    else if (name === 'button' || name === 'footer_button') {
      const [label = '', gcode = label] = rest.split('|');
      open.buttons.push({ label, gcode, isFooter: name === 'footer_button' });
    }
  }
  return dialogs;
}

/** The dialog that stands on the screens after these lines; null when none does. */
export function openDialog(lines: readonly string[]): Dialog | null {
  const last = readDialogs(lines).at(-1);
  return last?.isShown === true && !last.isOver ? last : null;
}
