/** The vessel graph in the view: tubes by owner, pressure or direction, through the steps of the division. */

import { CatmullRomCurve3, Color, ConeGeometry, Group, Mesh, MeshLambertMaterial, type Raycaster, TubeGeometry, Vector3 } from "three";
import type { VesselEdgeData, VesselsData } from "./data";

export type Paint = "owner" | "pressure" | "direction";

const OWNERS: Record<VesselEdgeData["owner"], string> = { A: "#7b3fa0", B: "#e8801a", shared: "#1f8f86" };
const SIGNS: Record<VesselEdgeData["owner"], string> = { A: "● A", B: "◆ B", shared: "■ shared" };
const DIVIDED = new Color("#9a9a9a");
const UNKNOWN = new Color("#bdbdbd");
/** Dark blue to yellow with even steps of lightness (cividis): reads the same to all forms of colour vision. */
const SCALE = ["#00204d", "#31446b", "#666970", "#958f78", "#cbba69", "#ffea46"].map((hex) => new Color(hex));
const FOUND = new Color("#00a8d8");
const THINNEST_MM = 0.7;

interface Tube {
  edge: VesselEdgeData;
  tube: Mesh<TubeGeometry, MeshLambertMaterial>;
  arrow: Mesh<ConeGeometry, MeshLambertMaterial>;
  along: Vector3;
}

export class Vessels {
  readonly group = new Group();
  private readonly tubes: Tube[] = [];
  private step = 0;
  private paint: Paint = "owner";
  private found: string | null = null;

  constructor(private readonly data: VesselsData) {
    for (const edge of data.edges) if (edge.points.length > 1) this.tubes.push(this.tubeOf(edge));
    this.apply();
  }

  get materials(): MeshLambertMaterial[] {
    return this.tubes.flatMap((t) => [t.tube.material, t.arrow.material]);
  }

  set(paint: Paint, step: number): void {
    this.paint = paint;
    this.step = step;
    this.apply();
  }

  /** The vessel that the first of these rays meets first; null where none meets any. */
  pick(rays: Raycaster[]): string | null {
    if (!this.group.visible) return null;
    this.group.updateMatrixWorld(true);
    for (const ray of rays) {
      const met = ray.intersectObjects(this.tubes.map((t) => t.tube), false)[0];
      const tube = this.tubes.find((t) => t.tube === met?.object);
      if (tube) return tube.edge.id;
    }
    return null;
  }

  /** Light up one vessel, or none. */
  find(id: string | null): void {
    this.found = id;
    this.apply();
  }

  /** What is known of a vessel at the step that is shown. */
  words(id: string): string {
    const at = this.data.edges.findIndex((e) => e.id === id);
    const edge = this.data.edges[at];
    if (!edge) return "";
    const calibre = 2 * (edge.radius[0] ?? 0);
    const parts = [`${edge.words}, ${SIGNS[edge.owner]}`, `⌀ ${calibre.toFixed(1)} mm`];
    if (edge.step !== null && edge.step <= this.step) return [...parts, `divided at step ${edge.step}`].join("; ");
    const pressure = this.data.steps[this.step]?.pressure[at] ?? null;
    const flow = this.data.steps[this.step]?.flow[at] ?? null;
    parts.push(pressure === null ? "pressure unknown" : `${pressure.toFixed(1)} mmHg`);
    parts.push(flow === null ? "outside the flow" : `${Math.abs(flow).toFixed(0)} ml/min`);
    if (flow !== null && !edge.directionKnown) parts.push("direction unknown");
    if (edge.step !== null) parts.push(`to be divided at step ${edge.step}`);
    return parts.join("; ");
  }

  private tubeOf(edge: VesselEdgeData): Tube {
    const points = edge.points.map((p) => new Vector3(...p));
    const curve = new CatmullRomCurve3(points, false, "centripetal");
    const wide = Math.max(THINNEST_MM, ...edge.radius);
    const tube = new Mesh(
      new TubeGeometry(curve, Math.min(200, 4 * points.length), wide, 8),
      new MeshLambertMaterial({ color: OWNERS[edge.owner] }),
    );
    const along = curve.getTangent(0.5).normalize();
    const arrow = new Mesh(new ConeGeometry(wide * 2.2, wide * 5, 10), new MeshLambertMaterial({ color: "#111111" }));
    arrow.position.copy(curve.getPoint(0.5));
    this.group.add(tube, arrow);
    return { edge, tube, arrow, along };
  }

  private apply(): void {
    const state = this.data.steps[this.step];
    for (const { edge, tube, arrow, along } of this.tubes) {
      const at = this.data.edges.indexOf(edge);
      const divided = edge.step !== null && edge.step <= this.step;
      const flow = state?.flow[at] ?? null;
      const pressure = state?.pressure[at] ?? null;
      let colour = new Color(OWNERS[edge.owner]);
      if (this.paint === "pressure") colour = pressure === null ? UNKNOWN.clone() : this.shade(pressure);
      if (divided) colour = DIVIDED.clone();
      const found = edge.id === this.found;
      tube.material.color = found ? FOUND.clone() : colour;
      tube.material.emissive = found ? FOUND.clone() : new Color(0);
      tube.material.opacity = divided && !found ? 0.35 : 1;
      tube.material.transparent = divided || found;
      // The vessel that is sought is seen through whatever lies before it.
      tube.material.depthTest = !found;
      tube.renderOrder = found ? 1000 : 0;
      const known = flow !== null && edge.directionKnown;
      arrow.visible = this.paint === "direction" && known && !divided && Math.abs(flow) > 0;
      if (this.paint === "direction" && !known && !divided && !found) tube.material.color = UNKNOWN.clone();
      if (known) arrow.quaternion.setFromUnitVectors(new Vector3(0, 1, 0), along.clone().multiplyScalar(flow < 0 ? -1 : 1));
    }
  }

  private shade(pressure: number): Color {
    const [low, high] = this.data.range_mmHg;
    const t = Math.min(1, Math.max(0, (pressure - low) / Math.max(1e-9, high - low))) * (SCALE.length - 1);
    const k = Math.min(SCALE.length - 2, Math.floor(t));
    return SCALE[k]!.clone().lerp(SCALE[k + 1]!, t - k);
  }
}
