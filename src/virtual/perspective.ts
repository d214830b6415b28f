// Projects points of the virtual printer onto its camera's picture.

/** Millimetres: x to the right, y to the back, z up; the front left corner of the bed is 0, 0, 0. */
export interface Point3 {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** Projects to picture coordinates: `x`, `y` in pixels of a picture 1280 wide, `scale` in pixels per millimetre there. */
export type Project = (point: Point3) => { readonly x: number; readonly y: number; readonly scale: number };

/** Where the camera stands, what it looks at, and its focal length in pixels. */
export interface Viewpoint {
  readonly eye: Point3;
  readonly target: Point3;
  readonly focalPx: number;
  /** The picture's centre. */
  readonly centreX: number;
  readonly centreY: number;
}

/** A pinhole camera without distortion and without roll. */
export function createProjection(view: Viewpoint): Project {
  const forward = unit(minus(view.target, view.eye));
  const right = unit(cross(forward, { x: 0, y: 0, z: 1 }));
  const up = cross(right, forward);
  return (point) => {
    const from = minus(point, view.eye);
    const scale = view.focalPx / Math.max(dot(from, forward), 1);
    return {
      x: view.centreX + dot(from, right) * scale,
      y: view.centreY - dot(from, up) * scale,
      scale,
    };
  };
}

const minus = (a: Point3, b: Point3): Point3 => ({ x: a.x - b.x, y: a.y - b.y, z: a.z - b.z });
const dot = (a: Point3, b: Point3) => a.x * b.x + a.y * b.y + a.z * b.z;
const cross = (a: Point3, b: Point3): Point3 => ({
  x: a.y * b.z - a.z * b.y,
  y: a.z * b.x - a.x * b.z,
  z: a.x * b.y - a.y * b.x,
});
const unit = (a: Point3): Point3 => {
  const length = Math.hypot(a.x, a.y, a.z);
  return { x: a.x / length, y: a.y / length, z: a.z / length };
};
