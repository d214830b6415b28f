// The `configfile` object of a virtual printer: just enough sections for Moonraker and the web interfaces.
import { volume } from './motion.ts';

/** What the configuration says that the printer's parts know too. */
export interface ConfigfileOptions {
  readonly gcodesPath: string;
  readonly onErrorGcode: string;
  readonly idleTimeoutS: number;
  readonly macros: readonly string[];
}

/** The status of `configfile`: `config` holds the texts as written, `settings` the values as read. */
export function makeConfigfile(options: ConfigfileOptions): Record<string, unknown> {
  const macros = Object.fromEntries(
    options.macros.map((name) => [`gcode_macro ${name.toLowerCase()}`, { gcode: '' }]),
  );
  const settings = {
    mcu: { serial: '/dev/null', baud: 250000 },
    printer: {
      kinematics: 'cartesian',
      max_velocity: 300,
      max_accel: 3000,
      max_z_velocity: 15,
      max_z_accel: 100,
    },
    stepper_x: { position_min: 0, position_max: volume.x },
    stepper_y: { position_min: 0, position_max: volume.y },
    stepper_z: { position_min: -2, position_max: volume.z },
    extruder: { min_temp: 0, max_temp: 280, min_extrude_temp: 170, nozzle_diameter: 0.4 },
    heater_bed: { min_temp: 0, max_temp: 120 },
    virtual_sdcard: { path: options.gcodesPath, on_error_gcode: options.onErrorGcode },
    pause_resume: { recover_velocity: 50 },
    display_status: {},
    respond: { default_type: 'echo', default_prefix: 'echo:' },
    exclude_object: {},
    idle_timeout: { timeout: options.idleTimeoutS, gcode: '\nTURN_OFF_HEATERS\nM84\n' },
    'filament_switch_sensor runout': { pause_on_runout: true, pause_delay: 0.5, event_delay: 3 },
    'output_pin light': { value: 1 },
    ...macros,
  };
  const config = Object.fromEntries(
    Object.entries(settings).map(([section, values]) => [
      section,
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)])),
    ]),
  );
  return { config, settings, warnings: [], save_config_pending: false, save_config_pending_items: {} };
}
