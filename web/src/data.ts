/** What the dossier embeds for the viewer: written by `share/dossier/model3d.py`. */

export type Vector = [number, number, number];

export interface PartData {
  /** Name of the node in the embedded GLB. */
  id: string;
  name: string;
  owner: "A" | "B" | "shared" | "";
  colour: string;
  /** Opacity at the start, 0 to 1. */
  opacity: number;
}

export interface HeadData {
  twin: "A" | "B";
  mark: string;
  colour: string;
  /** LPS mm. */
  centre: Vector;
  /** Unit vectors in LPS; null where no landmarks were given. */
  facing: Vector | null;
  superior: Vector | null;
}

export interface VesselEdgeData {
  id: string;
  /** What a pointer is told, such as "A-BV03, bridging vein". */
  words: string;
  owner: "A" | "B" | "shared";
  points: Vector[];
  /** mm. */
  radius: number[];
  /** Number of the step that divides it; null where it stays. */
  step: number | null;
  directionKnown: boolean;
}

export interface VesselStepData {
  words: string;
  /** In the order of the edges; null where unknown. */
  pressure: (number | null)[];
  /** ml/min, positive from the first point to the last. */
  flow: (number | null)[];
}

export interface VesselsData {
  edges: VesselEdgeData[];
  /** The first is the state before any division. */
  steps: VesselStepData[];
  range_mmHg: [number, number];
}

export interface ViewerData {
  parts: PartData[];
  heads: HeadData[];
  vessels: VesselsData | null;
}

export function readData(): ViewerData {
  return JSON.parse(text("viewer-data")) as ViewerData;
}

/** The embedded GLB. Decoded by hand: even a fetch of a data: address would count as a request. */
export function readModel(): ArrayBuffer {
  const binary = atob(text("viewer-model").trim());
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes.buffer;
}

function text(id: string): string {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the dossier holds no element '${id}'`);
  return element.textContent ?? "";
}
