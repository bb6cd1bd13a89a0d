/** The stage: camera, lights, clip plane and drawing on demand, all in patient LPS millimetres. */

import {
  AmbientLight,
  Box3,
  BufferGeometry,
  Color,
  DirectionalLight,
  DoubleSide,
  Line,
  LineBasicMaterial,
  Mesh,
  MeshLambertMaterial,
  type Object3D,
  OrthographicCamera,
  Plane,
  Quaternion,
  Raycaster,
  Scene,
  Sphere,
  Vector2,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
import type { HeadData, PartData } from "./data";
import { keepSize, type Mark, mark } from "./marks";

export interface View {
  name: string;
  /** Unit vector from the pair to the reader. */
  from: Vector3;
  up: Vector3;
}

export interface Clip {
  on: boolean;
  axis: "x" | "y" | "z";
  /** 0 to 1 across the pair. */
  share: number;
  flip: boolean;
}

const DIRECTIONS: [string, Vector3][] = [
  ["L", new Vector3(1, 0, 0)],
  ["R", new Vector3(-1, 0, 0)],
  ["P", new Vector3(0, 1, 0)],
  ["A", new Vector3(0, -1, 0)],
  ["S", new Vector3(0, 0, 1)],
  ["I", new Vector3(0, 0, -1)],
];

/** A press that moves more than this turns the view. */
const TAP_PIXELS = 4;
/** A finger or a trembling pointer may miss a thin vessel by this much. */
const AROUND = [[0, 0], [3, 0], [-3, 0], [0, 3], [0, -3]].map(([x, y]) => new Vector2(x, y));

export class Stage {
  readonly box = new Box3();
  private readonly scene = new Scene();
  private readonly renderer: WebGLRenderer;
  private readonly camera = new OrthographicCamera();
  private readonly lamp = new DirectionalLight(0xffffff, 2.2);
  private readonly plane = new Plane(new Vector3(0, 0, -1), 0);
  private readonly frame: Line;
  private readonly meshes = new Map<string, Mesh<BufferGeometry, MeshLambertMaterial>>();
  private readonly marks: Mark[] = [];
  private readonly others: MeshLambertMaterial[] = [];
  private readonly ball = new Sphere();
  private controls: OrbitControls;
  private waiting = false;
  private lettersOn = true;

  /** Throws where the browser has no WebGL. */
  constructor(private readonly host: HTMLElement) {
    this.renderer = new WebGLRenderer({ antialias: true, preserveDrawingBuffer: true });
    this.renderer.setPixelRatio(Math.min(window.devicePixelRatio, 2));
    this.renderer.localClippingEnabled = true;
    const canvas = this.renderer.domElement;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", "3D view of the pair. Arrow keys turn it, plus and minus zoom.");
    host.append(canvas);
    this.scene.background = new Color("#f4f2ee");
    this.scene.add(new AmbientLight(0xffffff, 1.1), this.lamp);
    this.frame = new Line(new BufferGeometry(), new LineBasicMaterial({ color: 0x222222 }));
    this.frame.visible = false;
    this.scene.add(this.frame);
    this.controls = this.newControls();
    canvas.addEventListener("keydown", (event) => this.onKey(event));
    new ResizeObserver(() => this.resize()).observe(host);
  }

  /** Put the model's nodes on the stage, innermost part first. */
  add(model: Object3D, parts: PartData[]): void {
    model.updateMatrixWorld(true);
    parts.forEach((part, order) => {
      const node = model.getObjectByName(part.id);
      if (!(node instanceof Mesh)) return;
      const geometry = (node.geometry as BufferGeometry).clone().applyMatrix4(node.matrixWorld);
      if (!geometry.getAttribute("normal")) geometry.computeVertexNormals();
      const material = new MeshLambertMaterial({ color: part.colour, side: DoubleSide });
      if (part.id !== "cut") fillWhereClipped(material);
      const mesh = new Mesh(geometry, material);
      mesh.renderOrder = order;
      this.meshes.set(part.id, mesh);
      this.scene.add(mesh);
      this.box.expandByObject(mesh);
      this.setOpacity(part.id, part.opacity);
    });
    this.box.getBoundingSphere(this.ball);
  }

  /** Letters of the patient's directions around the pair, and each child's own letter. */
  addMarks(heads: HeadData[]): void {
    const half = this.box.getSize(new Vector3()).multiplyScalar(0.5);
    for (const [letter, way] of DIRECTIONS) {
      const reach = Math.abs(half.dot(way)) + this.ball.radius * 0.12;
      const at = this.ball.center.clone().addScaledVector(way, reach);
      this.addMark(mark(letter, at, { ink: "#222222", plate: "rgba(255,255,255,0.85)", pixels: 24 }), way);
    }
    for (const head of heads) {
      const centre = new Vector3(...head.centre);
      const style = { ink: "#ffffff", plate: head.colour, pixels: 32 };
      this.addMark(mark(`${head.mark} ${head.twin}`, centre, style));
      if (head.facing) {
        const face = centre.clone().addScaledVector(new Vector3(...head.facing), this.ball.radius * 0.62);
        this.addMark(mark(`face ${head.twin}`, face, { ...style, pixels: 20 }));
      }
    }
  }

  /** Put something else on the stage, clipped like the rest. */
  addGroup(group: Object3D, materials: MeshLambertMaterial[]): void {
    this.others.push(...materials);
    this.scene.add(group);
    this.draw();
  }

  /** What is called when the view is tapped, not turned: rays through the tapped point and closely around it. */
  onTap(act: (rays: Raycaster[]) => void): void {
    const canvas = this.renderer.domElement;
    let down: Vector2 | null = null;
    canvas.addEventListener("pointerdown", (event) => (down = new Vector2(event.clientX, event.clientY)));
    canvas.addEventListener("pointerup", (event) => {
      const at = new Vector2(event.clientX, event.clientY);
      if (down && down.distanceTo(at) <= TAP_PIXELS) act(AROUND.map((off) => this.rayAt(at.clone().add(off))));
      down = null;
    });
  }

  setVisible(id: string, visible: boolean): void {
    const mesh = this.meshes.get(id);
    if (mesh) mesh.visible = visible;
    this.draw();
  }

  setOpacity(id: string, opacity: number): void {
    const material = this.meshes.get(id)?.material;
    if (!material) return;
    const translucent = opacity < 0.99;
    if (material.transparent !== translucent) material.needsUpdate = true;
    material.transparent = translucent;
    material.depthWrite = !translucent;
    material.opacity = opacity;
    this.draw();
  }

  setMarksVisible(visible: boolean): void {
    this.lettersOn = visible;
    for (const item of this.marks) item.sprite.visible = visible;
    this.draw();
  }

  setClip(clip: Clip): number {
    const low = this.box.min[clip.axis];
    const at = low + (this.box.max[clip.axis] - low) * clip.share;
    const sign = clip.flip ? 1 : -1;
    this.plane.normal.set(0, 0, 0);
    this.plane.normal[clip.axis] = sign;
    this.plane.constant = -sign * at;
    for (const material of [...[...this.meshes.values()].map((mesh) => mesh.material), ...this.others]) {
      material.clippingPlanes = clip.on ? [this.plane] : null;
    }
    this.frame.visible = clip.on;
    this.frame.geometry.setFromPoints(this.rectangle(clip.axis, at));
    this.draw();
    return at;
  }

  look(view: View): void {
    this.camera.up.copy(view.up);
    this.camera.position.copy(this.ball.center).addScaledVector(view.from, this.ball.radius * 3);
    this.camera.zoom = 1;
    // OrbitControls reads "up" only when it is made.
    this.controls.dispose();
    this.controls = this.newControls();
    this.controls.target.copy(this.ball.center);
    this.controls.update();
    this.resize();
  }

  /** The picture as it stands, as a PNG address. */
  picture(): string {
    return this.renderer.domElement.toDataURL("image/png");
  }

  private rayAt(page: Vector2): Raycaster {
    const box = this.renderer.domElement.getBoundingClientRect();
    const x = ((page.x - box.left) / box.width) * 2 - 1;
    const y = 1 - ((page.y - box.top) / box.height) * 2;
    const ray = new Raycaster();
    ray.setFromCamera(new Vector2(x, y), this.camera);
    return ray;
  }

  private sight(): Vector3 {
    return this.camera.getWorldDirection(new Vector3());
  }

  private addMark(item: Mark, way?: Vector3): void {
    this.marks.push(way ? { ...item, way } : item);
    this.scene.add(item.sprite);
  }

  private newControls(): OrbitControls {
    const controls = new OrbitControls(this.camera, this.renderer.domElement);
    controls.enableDamping = false;
    controls.minZoom = 0.4;
    controls.maxZoom = 12;
    controls.addEventListener("change", () => this.draw());
    return controls;
  }

  private rectangle(axis: "x" | "y" | "z", at: number): Vector3[] {
    const [u, v] = (["x", "y", "z"] as const).filter((name) => name !== axis) as ["x" | "y" | "z", "x" | "y" | "z"];
    const corner = (a: number, b: number): Vector3 => {
      const point = new Vector3();
      point[axis] = at;
      point[u] = a ? this.box.max[u] : this.box.min[u];
      point[v] = b ? this.box.max[v] : this.box.min[v];
      return point;
    };
    return [corner(0, 0), corner(1, 0), corner(1, 1), corner(0, 1), corner(0, 0)];
  }

  private onKey(event: KeyboardEvent): void {
    const turn: Record<string, [number, number]> = {
      ArrowLeft: [0.12, 0],
      ArrowRight: [-0.12, 0],
      ArrowUp: [0, 0.12],
      ArrowDown: [0, -0.12],
    };
    const step = turn[event.key];
    if (step) {
      const away = this.camera.position.clone().sub(this.controls.target);
      const side = new Vector3().crossVectors(this.camera.up, away).normalize();
      away.applyQuaternion(new Quaternion().setFromAxisAngle(this.camera.up, step[0]));
      away.applyQuaternion(new Quaternion().setFromAxisAngle(side, -step[1]));
      this.camera.position.copy(this.controls.target).add(away);
    } else if (event.key === "+" || event.key === "=") {
      this.camera.zoom = Math.min(12, this.camera.zoom * 1.15);
    } else if (event.key === "-") {
      this.camera.zoom = Math.max(0.4, this.camera.zoom / 1.15);
    } else {
      return;
    }
    event.preventDefault();
    this.controls.update();
    this.resize();
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (!width || !height) return;
    this.renderer.setSize(width, height);
    const reach = this.ball.radius * 1.08;
    const aspect = width / height;
    const [w, h] = aspect > 1 ? [reach * aspect, reach] : [reach, reach / aspect];
    Object.assign(this.camera, { left: -w, right: w, top: h, bottom: -h });
    this.camera.near = 0.1;
    this.camera.far = this.ball.radius * 8;
    this.camera.updateProjectionMatrix();
    this.draw();
  }

  /** Draw once, soon; a still view costs nothing. */
  draw(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.lamp.position.copy(this.camera.position);
      this.lamp.target.position.copy(this.ball.center);
      this.lamp.target.updateMatrixWorld();
      const scale = (this.camera.top - this.camera.bottom) / this.camera.zoom / Math.max(1, this.host.clientHeight);
      for (const item of this.marks) {
        keepSize(item, scale);
        // A direction that points at the reader would only cover the pair.
        if (item.way) item.sprite.visible = this.lettersOn && Math.abs(this.sight().dot(item.way)) < 0.85;
      }
      this.renderer.render(this.scene, this.camera);
      this.host.dataset["frames"] = String(Number(this.host.dataset["frames"] ?? "0") + 1);
    });
  }
}

/** Draw the inner face of a closed, opaque body flat: where it is clipped it looks solid, not hollow. */
function fillWhereClipped(material: MeshLambertMaterial): void {
  material.onBeforeCompile = (shader) => {
    shader.fragmentShader = shader.fragmentShader.replace(
      "#include <opaque_fragment>",
      `#include <opaque_fragment>
      if (!gl_FrontFacing && opacity > 0.99) gl_FragColor = vec4(diffuse * 0.8, 1.0);`,
    );
  };
}
